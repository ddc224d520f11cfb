"""Golden data of beam search: texts and scores of the bundled model, test/golden/beams.json.

The forward pass is in float64 from the definitions of the Llama family, and the search is written out by the rules of
transformers 5.0 (`_beam_search`): arrays of fixed sizes, -1e9 for what is not there. Nothing of them is shared with the
project or with transformers. Run from the root of the repository: python3 test/golden/beams.py
"""

import json
import math
import struct
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)

MODEL = Path("examples/models/voices-dense")
GOLDEN = Path("test/golden")


def weights_of(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F16"
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(raw[8 + length + begin : 8 + length + end]), dtype=torch.float16)
        weights[name] = flat.double().reshape(entry["shape"])
    return weights


config = json.loads((MODEL / "config.json").read_text())
weights = weights_of(MODEL / "model.safetensors")
heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
width = config.get("head_dim") or config["hidden_size"] // heads
eps, theta = config["rms_norm_eps"], config["rope_theta"]


def norm(x, name):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weights[name]


def rotate(x):
    """x [texts, heads, tokens, width]: pairs of an element of the first half and one of the second."""
    half = width // 2
    angles = torch.arange(x.shape[2]).double()[:, None] * theta ** (-torch.arange(half).double() / half)
    cos, sin = torch.cos(angles), torch.sin(angles)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def last_logits(texts):
    """Logits after each of some texts of one length."""
    ids = torch.tensor(texts)
    n, t = ids.shape
    x = weights["model.embed_tokens.weight"][ids]
    hidden = torch.triu(torch.full((t, t), -math.inf), 1)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        linear = lambda y, name: y @ weights[at + name + ".weight"].T
        y = norm(x, at + "input_layernorm.weight")
        split = lambda name, count: linear(y, f"self_attn.{name}_proj").reshape(n, t, count, width).transpose(1, 2)
        q, k, v = split("q", heads), split("k", groups), split("v", groups)
        for name, one in (("q", q), ("k", k)):
            if at + f"self_attn.{name}_norm.weight" in weights:
                one.copy_(norm(one, at + f"self_attn.{name}_norm.weight"))
        q, k = rotate(q), rotate(k)
        k, v = (one.repeat_interleave(heads // groups, 1) for one in (k, v))
        attended = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width) + hidden, -1) @ v
        x = x + linear(attended.transpose(1, 2).reshape(n, t, heads * width), "self_attn.o_proj")
        y = norm(x, at + "post_attention_layernorm.weight")
        x = x + linear(torch.nn.functional.silu(linear(y, "mlp.gate_proj")) * linear(y, "mlp.up_proj"), "mlp.down_proj")
    x = norm(x[:, -1], "model.norm.weight")
    return x @ weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"].T


def repeats(text, n):
    """Tokens that would end n in a row that the text has already."""
    begin = tuple(text[len(text) - (n - 1) :])
    return [text[i + n - 1] for i in range(len(text) - n + 1) if tuple(text[i : i + n - 1]) == begin]


def search(prompt, eos, beams, length_penalty, early_stopping, max_tokens, ngram):
    keep = max(2, 1 + len(eos)) * beams
    texts = [list(prompt)] * beams
    scores = torch.full((beams,), -1e9)
    scores[0] = 0
    done = [(-1e9, None)] * beams  # score, tokens; of equal scores the earlier one goes first
    unsatisfied, closest, length = True, math.inf, 0
    while True:
        logprobs = torch.log_softmax(last_logits(texts), -1)
        for row, text in enumerate(texts):
            if ngram:
                logprobs[row, repeats(text, ngram)] = -math.inf
        totals = (logprobs + scores[:, None]).flatten()
        top, flat = torch.topk(totals, keep + 1)
        live = top > -1e8
        gaps = (top[:-1] - top[1:])[live[:-1]]
        closest = min(closest, gaps.min().item())  # that f32 cannot change the order
        found = []
        for total, index in zip(top[:keep].tolist(), flat.tolist()):
            beam, token = divmod(index, logprobs.shape[1])
            found.append((total, texts[beam] + [token], token in eos or length + 1 >= max_tokens))
        running = sorted((total - (1e9 if stops else 0), text) for total, text, stops in found)[::-1][:beams]
        full = early_stopping is True and all(text for _, text in done)
        for rank, (total, text, stops) in enumerate(found):
            if stops and rank < beams and not full and unsatisfied:
                done.append((total / (length + 1) ** length_penalty, text[len(prompt) :]))
        done = sorted(done, key=lambda one: -one[0])[:beams]
        length += 1
        usual = max_tokens if early_stopping == "never" and length_penalty > 0 else length
        possible = running[0][0] / usual**length_penalty
        worst = min(score for score, _ in done)
        unsatisfied = unsatisfied and any(possible > (worst if text else -1e9) for _, text in done)
        if not unsatisfied or (early_stopping is True and all(text for _, text in done)) or all(s for *_, s in found):
            return done, closest
        texts = [text for _, text in running]
        scores = torch.tensor([score for score, _ in running])


prompts = json.loads((GOLDEN / "voices-dense.json").read_text())["prompts"]
eos = json.loads((MODEL / "generation_config.json").read_text())["eos_token_id"]
eos = eos if isinstance(eos, list) else [eos]
CASES = [
    (0, 4, 1.0, False, 24, 0),
    (1, 4, 1.0, False, 24, 2),
    (0, 3, -0.5, True, 16, 0),
    (1, 4, 2.0, "never", 20, 3),
    (2, 2, 0.0, False, 12, 1),
]

if __name__ == "__main__":
    data = []
    for which, beams, penalty, early, most, ngram in CASES:
        prompt = prompts[which % len(prompts)]["promptTokens"]
        done, closest = search(prompt, eos, beams, penalty, early, most, ngram)
        assert closest > 1e-5, closest
        texts = [{"tokens": text, "score": score} for score, text in done if text]
        options = {"beams": beams, "lengthPenalty": penalty, "earlyStopping": early, "maxTokens": most}
        data.append({"prompt": prompt, "options": {**options, "noRepeatNgram": ngram}, "texts": texts})
        print(options, ngram, closest, texts[0])
    (GOLDEN / "beams.json").write_text(json.dumps({"cases": data}) + "\n")
