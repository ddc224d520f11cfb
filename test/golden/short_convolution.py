"""Short convolutions and their gradients: `/usr/bin/python3 test/golden/short_convolution.py` writes JSON beside it.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each case is `conv1d` with a group for each channel,
in float64, over the inputs with those of the state before them, with random inputs that are multiples of 1/64, random
upstream gradients of both results, and the gradients of all inputs. No two axes have the same size. Documents are
convolved one by one, with zeros before them.
"""

import json
from pathlib import Path

import torch
from torch.nn import functional

B, T, CHANNELS = 2, 7, 5


def drawn(generator, *shape):
    return (torch.randint(-96, 97, shape, generator=generator) / 64).double()


def listed(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def convolved(x, before, weight, bias):
    """One sequence `[t, channels]` after the inputs `before`; the sums, and the last inputs."""
    whole = torch.cat([before, x])
    sums = functional.conv1d(whole.T[None], weight[:, None], bias, groups=weight.shape[0])
    return sums[0].T, whole[x.shape[0] :]


def case(width, activation="none", t=T, bias=True, state=True, documents=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = {"x": drawn(generator, B, t, CHANNELS), "weight": drawn(generator, CHANNELS, width)}
    if bias:
        inputs["bias"] = drawn(generator, CHANNELS)
    if state:
        inputs["state"] = drawn(generator, B, width - 1, CHANNELS)
    for tensor in inputs.values():
        tensor.requires_grad_()
    rows, last = [], []
    for row in range(B):
        before = inputs["state"][row] if state else torch.zeros(width - 1, CHANNELS).double()
        ids = documents[row] if documents else [0] * t
        starts = [at for at in range(t) if at == 0 or ids[at] != ids[at - 1]]
        parts = []
        for start, end in zip(starts, starts[1:] + [t]):
            part, kept = convolved(inputs["x"][row, start:end], before, inputs["weight"], inputs.get("bias"))
            parts.append(part)
            before = torch.zeros_like(before)
        rows.append(torch.cat(parts))
        last.append(kept)
    sums = torch.stack(rows)
    results = {"y": functional.silu(sums) if activation == "silu" else sums, "state": torch.stack(last)}
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    return {
        "activation": activation,
        "documents": documents,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in inputs.items()},
    }


DOCUMENTS = [[3, 3, 9, 9, 9, 9, 4], [1, 1, 1, 1, 1, 6, 6]]

CASES = {
    "width 4, silu": case(4, "silu", seed=1),
    "width 4, silu, without a bias or a state": case(4, "silu", bias=False, state=False, seed=2),
    "width 3": case(3, bias=False, seed=3),
    "width 8, of which the inputs are fewer": case(8, "silu", t=3, seed=4),
    "width 1": case(1, state=False, seed=5),
    "documents, width 4, silu": case(4, "silu", documents=DOCUMENTS, seed=6),
    "documents, width 3": case(3, documents=DOCUMENTS, seed=7),
}

if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in CASES.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
