"""Trains the model of examples/models/dates: `/usr/bin/python3 scripts/models/dates/train.py [FOLDER]`.

It needs PyTorch (`apt-get install python3-torch libopenblas0-pthread`; without the second, products take six times as
long), takes four minutes on one core, and is seeded: the same PyTorch with the same matrix products on the same kind of
processor gives the same weights. Each batch is generated when needed; a tenth of all dates is held out. Besides the cross-entropy
of the next token, a small loss makes the mean cross-attention of all layers and heads point to the words that a character
comes from (Garg et al. 2019 train one head this way), which makes the alignment readable.
"""

import json
import math
import random
import struct
import sys
import time
from pathlib import Path

import torch
from model import CONTEXT, HEADS, HIDDEN, LAYERS, WIDTH, Dates, padded
from spellings import END, IDS, PAD, SPECIAL, START, TOKENS, UNKNOWN, example, ids_of

torch.set_num_threads(1)
STEPS, BATCH, RATE, WARM_UP, ALIGN, SMOOTHING = 3000, 96, 2e-3, 200, 0.05, 0.02
ROOT = Path(__file__).parents[3]


def batch_of(source):
    examples = [example(source) for _ in range(BATCH)]
    ids = padded([one["ids"] for one in examples])
    target = torch.tensor([[START, *(IDS[c] for c in one["iso"]), END] for one in examples])
    aligned = torch.zeros(BATCH, target.shape[1] - 1, ids.shape[1])
    for row, one in enumerate(examples):
        for place, words in enumerate(one["aligned"]):
            aligned[row, place, words] = 1
    return ids, target, aligned


def train(model):
    source, optimizer = random.Random(1), torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
    begun = time.time()
    for step in range(STEPS):
        rate = min((step + 1) / WARM_UP, 0.5 + 0.5 * math.cos(math.pi * step / STEPS))
        optimizer.param_groups[0]["lr"] = RATE * rate
        ids, target, aligned = batch_of(source)
        logits, cross = model.decode(target[:, :-1], *model.encode(ids))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), label_smoothing=SMOOTHING)
        asked = aligned.sum(-1) > 0
        on = (torch.stack(cross).mean([0, 2]) * aligned).sum(-1)[asked]
        whole = loss - ALIGN * on.clamp(min=1e-6).log().mean()
        optimizer.zero_grad()
        whole.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == STEPS - 1:
            print(f"{step}: loss {loss:.4f}, aligned {on.mean():.3f}, {time.time() - begun:.0f} s", flush=True)


def rounded_to_f16(model):
    for tensor in model.parameters():
        tensor.data = tensor.data.half().float()


def accuracy(model, count=4000):
    """The share of held-out texts whose date is exact, and the share of attention on a character's words."""
    source, right, on, wrong = random.Random(2), 0, [], []
    examples = [example(source, held=True) for _ in range(count)]
    for at in range(0, count, 500):
        some = examples[at : at + 500]
        found = model.greedy([one["ids"] for one in some])
        for one, ids in zip(some, found):
            exact = ids == [*(IDS[c] for c in one["iso"]), END]
            right += exact
            if not exact:
                wrong.append((one["text"], one["iso"], "".join(TOKENS[i] for i in ids)))
    with torch.no_grad():
        for one in examples[:200]:
            given = torch.tensor([[START, *(IDS[c] for c in one["iso"])]])
            mean = torch.stack(model.decode(given, *model.encode(torch.tensor([one["ids"]])))[1]).mean([0, 1, 2])
            on += [mean[place][words].sum().item() for place, words in enumerate(one["aligned"]) if words]
    return right / count, sum(on) / len(on), wrong


# The folder


def tokenizer():
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    part = lambda name: {"Sequence": {"id": name, "type_id": 0}}
    stages = [
        {"type": "Whitespace"},
        {"type": "Digits", "individual_digits": True},
        {"type": "Punctuation", "behavior": "Isolated"},
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": IDS[token], "content": token, **flags} for token in SPECIAL],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": stages},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [part("A"), end],
            "pair": [part("A"), part("B"), end],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [END], "tokens": ["</s>"]}},
        },
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "unk_token": TOKENS[UNKNOWN], "vocab": IDS},
    }


def config():
    special = {"decoder_start_token_id": START, "eos_token_id": END, "pad_token_id": PAD}
    stacks = {"num_encoder_layers": LAYERS, "num_decoder_layers": LAYERS, "dim_feedforward": HIDDEN}
    sizes = {"vocab_size": len(TOKENS), "d_model": WIDTH, "nhead": HEADS, "activation": "relu", **stacks}
    kind = {"architectures": ["Transformer"], "model_type": "transformer-2017", "is_encoder_decoder": True}
    return {**kind, **sizes, "max_position_embeddings": CONTEXT, **special, "torch_dtype": "float16"}


def write(folder, model):
    folder.mkdir(parents=True, exist_ok=True)
    header, parts, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in model.state_dict().items():
        raw = tensor.half().contiguous().numpy().astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    settings = {**names, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": CONTEXT}
    generation = {"decoder_start_token_id": START, "eos_token_id": END, "pad_token_id": PAD, "max_new_tokens": 12}
    files = {"config": config(), "tokenizer": tokenizer(), "tokenizer_config": settings, "generation_config": generation}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    torch.manual_seed(1)
    model = Dates()
    print(f"{sum(tensor.numel() for tensor in model.parameters())} parameters, {len(TOKENS)} tokens")
    train(model)
    rounded_to_f16(model)
    model.eval()
    exact, on, wrong = accuracy(model)
    print(f"held out: {100 * exact:.2f} % exact; {100 * on:.1f} % of the attention on a character's words")
    for one in wrong[:20]:
        print(one)
    for text in ["the 3rd of March, 2021", "Tuesday 3 March 2021", "the twenty-first of May nineteen eighty-four"]:
        print(text, "->", "".join(TOKENS[i] for i in model.greedy([ids_of(text)])[0]))
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples/models/dates", model)
