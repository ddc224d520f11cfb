"""What the golden data of random models have in common: weights, positions, greedy tokens and the files of a folder.

Forward passes are in float64 on the values that the checkpoint stores, written from the papers' definitions; nothing of
them is shared with the project or with transformers.
"""

import json
import math
import struct
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)

VOCABULARY = 96
PROMPT = 21
GREEDY = 32

# What safetensors calls an element type, and the elements as bytes.
DTYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.uint8: "U8"}


class Checkpoint:
    """Named tensors as they are stored; made at random, each from the one seed in the order of the calls."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.stored = {}

    def random(self, name, shape, spread, centre=0.0, dtype=torch.float32):
        """Normal numbers around `centre`, as stored; returns them in float64."""
        values = torch.randn(shape, generator=self.generator) * spread + centre
        return self.keep(name, values.to(dtype)).double()

    def matrix(self, name, shape, gain=1.0, dtype=torch.float32, inputs=-1):
        """A matrix that keeps the size of what goes through it, times `gain`; `inputs` is the axis of its inputs."""
        return self.random(name, shape, gain / math.sqrt(shape[inputs]), dtype=dtype)

    def norm(self, name, width):
        return self.random(name, [width], 0.3, 1.0)

    def integers(self, name, shape, low, high):
        """Bytes from `low` up to and without `high`."""
        return self.keep(name, torch.randint(low, high, shape, generator=self.generator).to(torch.uint8))

    def keep(self, name, tensor):
        self.stored[name] = tensor.contiguous()
        return tensor

    def write(self, path):
        header, parts, at = {}, [], 0
        for name, tensor in self.stored.items():
            raw = bytes(tensor.flatten().view(torch.uint8).tolist())
            offsets = [at, at + len(raw)]
            header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
            parts.append(raw)
            at += len(raw)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def rms_norm(x, weight, eps):
    return weight * x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)


def silu(x):
    return x / (1 + torch.exp(-x))


def yarn_frequencies(width, theta, scaling):
    """Radians of each pair for one position (Peng et al. 2023, section 3.2), and the factor of cosines and sines."""
    factor, original = scaling["factor"], scaling["original_max_position_embeddings"]

    def pair_of(rotations):
        """The pair, counted with its fraction, that turns so often over the original context."""
        return width * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = pair_of(scaling["beta_fast"]), pair_of(scaling["beta_slow"])
    if scaling.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    frequencies = []
    for pair in range(width // 2):
        own = theta ** (-2 * pair / width)
        stretched = min(max((pair - low) / (high - low), 0), 1)
        frequencies.append(own / factor * stretched + own * (1 - stretched))
    mscale, of_all = scaling.get("mscale"), scaling.get("mscale_all_dim")
    amplitude = growth(factor, mscale) / growth(factor, of_all) if mscale and of_all else growth(factor, 1)
    return torch.tensor(frequencies), amplitude


def growth(factor, slope):
    return 0.1 * slope * math.log(factor) + 1 if factor > 1 else 1.0


def causal(tokens, window=None):
    """True where a query (row) sees a key; a window counts the query's own position."""
    query, key = torch.arange(tokens)[:, None], torch.arange(tokens)[None, :]
    return (key <= query) & (query - key < (window or tokens))


def gap_after(values, k):
    """The smallest distance, over all rows, between the k-th largest value and the next."""
    ordered = values.sort(-1, descending=True).values
    return (ordered[..., k - 1] - ordered[..., k]).min().item() if k < values.shape[-1] else math.inf


def tokenizer():
    """A token for each printable character and the line feed, without merges."""
    characters = ["Ċ", "Ġ"] + [chr(code) for code in range(33, 127)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": {character: i for i, character in enumerate(characters)}, "merges": []},
    }


def write(name, config, checkpoint, logits_of):
    """
    Writes the folder. `logits_of` takes token ids and gives the logits of the last one, and how far the nearest choice of
    experts was from another; refuses models whose choices could turn on rounding.
    """
    prompt = torch.randint(0, VOCABULARY, [PROMPT], generator=checkpoint.generator).tolist()
    ids, margins, routing, first = list(prompt), [], [], None
    for _ in range(GREEDY):
        logits, distance = logits_of(torch.tensor(ids))
        first = logits if first is None else first
        best, second = logits.topk(2).values.tolist()
        margins.append(best - second)
        routing.append(distance)
        ids.append(logits.argmax().item())
    greedy = ids[PROMPT:]
    print(f"{name}: greedy margin {min(margins):.4f}, routing margin {min(routing):.5f}, {len(set(greedy))} tokens differ")
    if min(margins) < 5e-3 or min(routing) < 5e-4:
        raise SystemExit("choose another seed")
    folder = Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    checkpoint.write(folder / "model.safetensors")
    golden = {"prompt": prompt, "logits": first.tolist(), "greedy": greedy}
    for file, content in {"config": config, "tokenizer": tokenizer(), "golden": golden}.items():
        (folder / f"{file}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
