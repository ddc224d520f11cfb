"""Golden data of GPT-1 (Radford et al. 2018): `/usr/bin/python3 test/golden/gpt1.py` writes its folder.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. The model has norms of the sums and none after the
last layer, learned positions, one matrix for queries, keys and values stored `[in, out]`, GELU by tanh, and a head that is
the embedding. Numbers of the checkpoint are numbers of f16 too, so that one file tests both types of weights.

The tokenizer has pairs that are merged by rank within a word, whose last character carries `</w>` (Sennrich et al. 2015,
section 3.2). What it does to a text is written here anew: small letters without accents, words and punctuation apart.
"""

import json
import math
import unicodedata
from pathlib import Path

import torch
from checkpoint import Checkpoint, causal

WIDTH, HEADS, LAYERS, POSITIONS, EPS = 24, 3, 2, 50, 1e-5
HIDDEN = 4 * WIDTH
GREEDY, MARGIN, SEED = 24, 5e-3, 8
END = "</w>"
CHARACTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)] + [".", ",", "!", "'", "-", "é"]
MERGES = ["t h", f"th e{END}", "a t", f"c at{END}", f"s at{END}", f"o n{END}", f"a t{END}", "i n", f"in g{END}", "a n"]
MERGES += [f"an d{END}", "c at", "h e", f"he r{END}", "n a", "i v"]
# Words, accents and case, punctuation, words that merge in the middle and at the end, and what no token is in.
TEXTS = ["The cat sat on the mat.", "Naïve CATS, the thing and her-", "cat's 7 a7b 日 (the)", "é\tthe\n\nother"]
PROMPT = "the cat sat on the mat, and the other thing sang!"


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdim=True)
    return weight * centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + EPS) + bias


def words(text):
    """Words and signs of a text in small letters, without the accents of letters."""
    plain = unicodedata.normalize("NFD", text.lower())
    plain = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    found, word = [], ""
    for c in plain + " ":
        sign = not c.isspace() and (unicodedata.category(c).startswith("P") or 0x4E00 <= ord(c) < 0xA000)
        if c.isspace() or sign:
            found += [word] if word else []
            found += [c] if sign else []
            word = ""
        else:
            word += c
    return found


def tokens(word):
    parts = [*word[:-1], word[-1] + END]
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(MERGES)}
    while True:
        pairs = [(ranks.get(pair, math.inf), i) for i, pair in enumerate(zip(parts, parts[1:]))]
        rank, at = min(pairs, default=(math.inf, 0))
        if rank == math.inf:
            return parts
        parts[at : at + 2] = ["".join(parts[at : at + 2])]


VOCABULARY = ["<unk>", *CHARACTERS, *[c + END for c in CHARACTERS]]
VOCABULARY += [merged for merged in (merge.replace(" ", "") for merge in MERGES) if merged not in VOCABULARY]
IDS = {token: i for i, token in enumerate(VOCABULARY)}


def encode(text):
    return [IDS.get(token, 0) for word in words(text) for token in tokens(word)]


class Halves(Checkpoint):
    """A checkpoint of f32 whose numbers f16 holds too."""

    def random(self, name, shape, spread, centre=0.0):
        values = torch.randn(shape, generator=self.generator) * spread + centre
        return self.keep(name, values.half().float()).double()


def make(checkpoint):
    model = "transformer."
    weights = {
        "tokens": checkpoint.random(f"{model}tokens_embed.weight", [len(VOCABULARY), WIDTH], 0.6),
        "positions": checkpoint.random(f"{model}positions_embed.weight", [POSITIONS, WIDTH], 0.8),
        "layers": [],
    }
    for index in range(LAYERS):
        layer = {}
        for name, inputs, outputs in [
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, HIDDEN),
            ("mlp.c_proj", HIDDEN, WIDTH),
        ]:
            at = f"{model}h.{index}.{name}"
            weight = checkpoint.random(f"{at}.weight", [inputs, outputs], 4 / math.sqrt(inputs))
            layer[name] = weight, checkpoint.random(f"{at}.bias", [outputs], 0.2)
        for name in ["ln_1", "ln_2"]:
            at = f"{model}h.{index}.{name}"
            scale = checkpoint.random(f"{at}.weight", [WIDTH], 0.3, 1.0)
            layer[name] = scale, checkpoint.random(f"{at}.bias", [WIDTH], 0.2)
        # The mask that old checkpoints hold.
        checkpoint.keep(f"{model}h.{index}.attn.bias", causal(POSITIONS).float()[None, None])
        weights["layers"].append(layer)
    return weights


def forward(weights, ids):
    """Logits of every position, and the states after the embedding, and after both norms of each layer."""
    t, d = len(ids), WIDTH // HEADS
    x = weights["tokens"][torch.tensor(ids)] + weights["positions"][:t]
    states = [x]
    for layer in weights["layers"]:
        linear = lambda y, name: y @ layer[name][0] + layer[name][1]
        q, k, v = (part.view(t, HEADS, d) for part in linear(x, "attn.c_attn").split(WIDTH, -1))
        heads = []
        for head in range(HEADS):
            scores = (q[:, head] @ k[:, head].T / math.sqrt(d)).masked_fill(~causal(t), -torch.inf)
            heads.append(torch.softmax(scores, -1) @ v[:, head])
        x = layer_norm(x + linear(torch.cat(heads, -1), "attn.c_proj"), *layer["ln_1"])
        states.append(x)
        x = layer_norm(x + linear(gelu_tanh(linear(x, "mlp.c_fc")), "mlp.c_proj"), *layer["ln_2"])
        states.append(x)
    return x @ weights["tokens"].T, states


CONFIG = {
    "architectures": ["OpenAIGPTLMHeadModel"],
    "model_type": "openai-gpt",
    "afn": "gelu",
    "vocab_size": len(VOCABULARY),
    "n_embd": WIDTH,
    "n_head": HEADS,
    "n_layer": LAYERS,
    "n_positions": POSITIONS,
    "n_ctx": POSITIONS,
    "layer_norm_epsilon": EPS,
}
TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {"id": 0, "content": "<unk>", "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
    ],
    "normalizer": {
        **{"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True},
        **{"strip_accents": None, "lowercase": True},
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": None,
    "decoder": {"type": "BPEDecoder", "suffix": END},
    "model": {
        **{"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": ""},
        **{"end_of_word_suffix": END, "fuse_unk": False, "vocab": IDS, "merges": MERGES},
    },
}
TOKENIZER_CONFIG = {"tokenizer_class": "OpenAIGPTTokenizer", "unk_token": "<unk>", "model_max_length": POSITIONS}


def rounded(x):
    return [[float(f"{value:.9g}") for value in row] for row in x.tolist()]


assert len(VOCABULARY) % 2 == 1, "an odd number of tokens"
checkpoint = Halves(SEED)
weights = make(checkpoint)
prompt = encode(PROMPT)
logits, states = forward(weights, prompt)
ids, margins = list(prompt), []
for _ in range(GREEDY):
    best, second = forward(weights, ids)[0][-1].topk(2)[0].tolist()
    margins.append(best - second)
    ids.append(forward(weights, ids)[0][-1].argmax().item())
greedy = ids[len(prompt) :]
print(f"{len(VOCABULARY)} tokens, prompt of {len(prompt)}, margin {min(margins):.4f}, {len(set(greedy))} of {GREEDY} differ")
if min(margins) < MARGIN or len(set(greedy)) < GREEDY // 3 or len(ids) > POSITIONS:
    raise SystemExit("choose another seed")
folder = Path(__file__).parent / "gpt1"
folder.mkdir(exist_ok=True)
checkpoint.write(folder / "model.safetensors")
golden = {
    **{"prompt": PROMPT, "tokens": prompt, "states": [rounded(x) for x in states], "logits": rounded(logits)},
    **{"greedy": greedy, "margins": margins},
    "texts": [{"text": text, "tokens": encode(text), "pieces": [VOCABULARY[id] for id in encode(text)]} for text in TEXTS],
}
files = {"config": CONFIG, "tokenizer": TOKENIZER, "tokenizer_config": TOKENIZER_CONFIG, "golden": golden}
for file, content in files.items():
    (folder / f"{file}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
