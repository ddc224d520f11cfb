"""Golden data of examples/models/voices-encoder: `/usr/bin/python3 test/golden/voices_encoder.py` writes voices-encoder.json.

It reads the folder's weights as they are stored and computes in float64: the likeliest tokens of masks, and for each voice the
mean loss of every seventh token of held-out documents, hidden by the mask, in windows of the model's context. Tokens by byte
pairs from tokenizer.json (Sennrich et al. 2016; for texts of ASCII), the forward pass from Warner et al. 2024 (ModernBERT).
"""

import json
import math
import re
import struct
from pathlib import Path

import torch
from encoders import gelu, rounded
from later_encoders import frequencies, rotated

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/models/voices-encoder"
TEXTS = ROOT / "examples/13-pretrain-finetune/texts"
VOICES = ["scripture", "whale", "union", "jargon"]
EVERY, WINDOWS = 7, 2
MASKED = [
    "And the [MASK] said unto Moses, Go down.",
    "The [MASK] swam round the ship, and the men rowed after the [MASK].",
    "I ask the Congress of the United [MASK] to pass this law.",
    "A bug is an error in a [MASK] that a hacker wrote.",
    "And it came to [MASK] in those days, that there was a famine in the land.",
]
PARTS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


class Tokenizer:
    def __init__(self):
        model = json.loads((FOLDER / "tokenizer.json").read_text())["model"]
        self.ids = model["vocab"]
        merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
        self.ranks = {merge: rank for rank, merge in enumerate(merges)}
        self.words = {}

    def word(self, word):
        """Merges the pair that was learnt first, again and again."""
        assert word.isascii(), word
        symbols = list(word.replace(" ", "Ġ").replace("\n", "Ċ"))
        while len(symbols) > 1:
            pairs = list(zip(symbols, symbols[1:]))
            best = min(range(len(pairs)), key=lambda i: self.ranks.get(pairs[i], math.inf))
            if pairs[best] not in self.ranks:
                break
            symbols[best : best + 2] = ["".join(pairs[best])]
        return [self.ids[symbol] for symbol in symbols]

    def encode(self, text):
        ids = []
        for word in PARTS.findall(text):
            self.words[word] = self.words.get(word) or self.word(word)
            ids += self.words[word]
        return ids

    def masked(self, text):
        """A mask takes the space before it."""
        parts = [part.rstrip(" ") for part in text.split("[MASK]")[:-1]] + [text.split("[MASK]")[-1]]
        ids = [self.encode(part) for part in parts]
        return [1, *ids[0], *(id for part in ids[1:] for id in [3, *part]), 2]


def load():
    raw = (FOLDER / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header, weights = json.loads(raw[8 : 8 + size]), {}
    for name, entry in header.items():
        start, end = (8 + size + at for at in entry["data_offsets"])
        weights[name] = torch.frombuffer(bytearray(raw[start:end]), dtype=torch.float16).double().view(entry["shape"])
    return weights


class Encoder:
    def __init__(self):
        self.weights = load()
        self.config = json.loads((FOLDER / "config.json").read_text())

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdim=True)
        spread = torch.sqrt((centred**2).mean(-1, keepdim=True) + self.config["norm_eps"])
        return centred / spread * self.weights[f"{name}.weight"]

    def attention(self, x, at, kind):
        heads = self.config["num_attention_heads"]
        q, k, v = (part.view(len(x), heads, -1) for part in self.linear(x, f"{at}attn.Wqkv").chunk(3, -1))
        local = kind == "sliding_attention"
        turns = frequencies(self.config["local_rope_theta" if local else "global_rope_theta"], q.shape[-1])
        scores = torch.einsum("qhd,khd->hqk", rotated(q, turns), rotated(k, turns)) / math.sqrt(q.shape[-1])
        places = torch.arange(len(x))
        far = (places[:, None] - places[None, :]).abs() > (self.config["local_attention"] // 2 if local else len(x))
        weights = torch.softmax(scores.masked_fill(far, -math.inf), -1)
        return self.linear(torch.einsum("hqk,khd->qhd", weights, v).reshape(len(x), -1), f"{at}attn.Wo")

    def logits(self, ids):
        words = self.weights["model.embeddings.tok_embeddings.weight"]
        x = self.norm(words[torch.tensor(ids)], "model.embeddings.norm")
        for layer, kind in enumerate(self.config["layer_types"]):
            at = f"model.layers.{layer}."
            x = x + self.attention(x if layer == 0 else self.norm(x, f"{at}attn_norm"), at, kind)
            active, factor = self.linear(self.norm(x, f"{at}mlp_norm"), f"{at}mlp.Wi").chunk(2, -1)
            x = x + self.linear(gelu(active) * factor, f"{at}mlp.Wo")
        x = self.norm(gelu(self.linear(self.norm(x, "model.final_norm"), "head.dense")), "head.norm")
        return x @ words.T + self.weights["decoder.bias"]


def windows(tokenizer, voice, context):
    """Windows of the ASCII documents of a voice, one after the other, each document with the separator after it."""
    documents = (TEXTS / f"{voice}.val.txt").read_text().split("\n<|endoftext|>\n")
    ids = [id for document in documents if document.isascii() for id in [*tokenizer.encode(document.strip()), 2]]
    size = context - 2
    return [[1, *ids[at : at + size], 2] for at in range(0, WINDOWS * size, size)]


def held_out(model, tokenizer, voice):
    rows = []
    for row in windows(tokenizer, voice, model.config["max_position_embeddings"]):
        at = [i for i in range(EVERY, len(row) - 1, EVERY) if row[i] != 2]
        hidden = [3 if i in at else id for i, id in enumerate(row)]
        losses = -torch.log_softmax(model.logits(hidden)[at], -1)[range(len(at)), [row[i] for i in at]]
        rows.append((hidden, [row[i] if i in at else -100 for i in range(len(row))], losses))
    loss = torch.cat([losses for _, _, losses in rows]).mean().item()
    return {"voice": voice, "ids": [row[0] for row in rows], "targets": [row[1] for row in rows], "loss": loss}


def masks(model, tokenizer, text):
    ids = tokenizer.masked(text)
    found = []
    for row in torch.softmax(model.logits(ids)[[i for i, id in enumerate(ids) if id == 3]], -1):
        values, best = row.topk(5)
        found.append([{"id": id, "probability": p} for id, p in zip(best.tolist(), rounded(values))])
    return {"text": text, "tokens": ids, "masks": found}


if __name__ == "__main__":
    model, tokenizer = Encoder(), Tokenizer()
    names = {id: token for token, id in tokenizer.ids.items()}
    texts = [masks(model, tokenizer, text) for text in MASKED]
    voices = [held_out(model, tokenizer, voice) for voice in VOICES]
    for one in texts:
        print(one["text"], [[names[token["id"]] for token in row[:3]] for row in one["masks"]])
    for one in voices:
        print(one["voice"], round(one["loss"], 4), sum(target != -100 for row in one["targets"] for target in row))
    path = Path(__file__).parent / "voices-encoder.json"
    path.write_text(json.dumps({"masked": texts, "heldOut": voices}, separators=(",", ":")) + "\n")
