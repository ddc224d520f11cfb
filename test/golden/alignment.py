"""Additive attention, Luong's three, and their gradients: `/usr/bin/python3 test/golden/alignment.py` writes alignment.json.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each case is the papers' formulas in PyTorch's operators
in float64, with random inputs that are multiples of 1/64, random upstream gradients of both results, and the gradients of all
inputs. No two axes have the same size, except where the formula requires it. Keys past a row's length are masked by minus
infinity.
"""

import json
from pathlib import Path

import torch

from recurrent import drawn, listed

B, T, S, D, DK, DV, A = 3, 4, 5, 6, 7, 2, 8
LENGTHS = [2, 5, 1]


def scores(kind, given):
    query, keys = given["query"], given["keys"]
    if kind == "additive":
        q = query @ given["queryWeight"].T
        k = keys @ given["keyWeight"].T
        return torch.tanh(q[:, :, None] + k[:, None]) @ given["v"]
    if kind == "dot":
        return torch.einsum("btd,bsd->bts", query, keys)
    if kind == "general":
        return torch.einsum("btd,de,bse->bts", query, given["weight"], keys)
    both = torch.cat(
        [query[:, :, None].expand(-1, -1, S, -1), keys[:, None].expand(-1, query.shape[1], -1, -1)], dim=3
    )
    return torch.tanh(both @ given["weight"].T) @ given["v"]


def case(kind, ragged, values, seed):
    generator = torch.Generator().manual_seed(seed)
    width = D if kind == "dot" else DK
    inputs = {"query": drawn(generator, B, T, D), "keys": drawn(generator, B, S, width)}
    if values:
        inputs["values"] = drawn(generator, B, S, DV)
    weights = {
        "additive": {"queryWeight": (A, D), "keyWeight": (A, DK), "v": (A,)},
        "dot": {},
        "general": {"weight": (D, DK)},
        "concat": {"weight": (A, D + DK), "v": (A,)},
    }[kind]
    inputs.update({name: drawn(generator, *shape) / 2 for name, shape in weights.items()})
    for tensor in inputs.values():
        tensor.requires_grad_()
    all_scores = scores(kind, inputs)
    if ragged:
        past = torch.arange(S)[None, None] >= torch.tensor(LENGTHS)[:, None, None]
        all_scores = all_scores.masked_fill(past, -torch.inf)
    shares = torch.softmax(all_scores, dim=2)
    results = {"out": shares @ inputs.get("values", inputs["keys"]), "weights": shares}
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    return {
        "kind": kind,
        "lengths": LENGTHS if ragged else None,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in inputs.items()},
    }


CASES = {
    f"{kind}{', lengths' if ragged else ''}{', own values' if values else ''}": case(kind, ragged, values, seed)
    for seed, (kind, ragged, values) in enumerate(
        [
            ("additive", True, False),
            ("additive", False, True),
            ("dot", True, False),
            ("general", True, True),
            ("concat", True, False),
        ]
    )
}

if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in CASES.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
