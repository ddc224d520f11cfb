"""State spaces and their gradients: `/usr/bin/python3 test/golden/state_space.py` writes state_space.json beside it.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each case is a loop over tokens of PyTorch's operators
in float64, with random inputs that are multiples of 1/64, random upstream gradients of both results, and the gradients of
all inputs by autograd.
"""

import json
from pathlib import Path

import torch

B, H, T, N, P = 2, 4, 3, 2, 3
DOCUMENTS = [[7, 7, 2], [1, 5, 5]]


def drawn(generator, *shape, low=-96, high=97):
    return (torch.randint(low, high, shape, generator=generator) / 64).double()


def listed(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def space(x, dt, a, b, c, state, d=None, documents=None):
    repeats = x.shape[1] // b.shape[1]
    b, c = b.repeat_interleave(repeats, 1), c.repeat_interleave(repeats, 1)
    outs = []
    for i in range(x.shape[2]):
        if documents is not None and i > 0:
            same = documents[:, i] == documents[:, i - 1]
            state = torch.where(same[:, None, None, None], state, torch.zeros_like(state))
        state = state * (dt[:, :, i] * a).exp()[..., None, None]
        state = state + torch.einsum("bhn,bhp->bhnp", b[:, :, i], dt[:, :, i, None] * x[:, :, i])
        outs.append(torch.einsum("bhnp,bhn->bhp", state, c[:, :, i]))
    y = torch.stack(outs, 2)
    return (y if d is None else y + d[:, None, None] * x), state


def case(seed, groups=2, skip=True, documents=False):
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        "x": drawn(generator, B, H, T, P),
        "dt": drawn(generator, B, H, T, low=0, high=97),
        "a": drawn(generator, H, low=-96, high=0),
        "b": drawn(generator, B, groups, T, N),
        "c": drawn(generator, B, groups, T, N),
        "state": drawn(generator, B, H, N, P),
    }
    if skip:
        inputs["d"] = drawn(generator, H)
    for tensor in inputs.values():
        tensor.requires_grad_()
    y, state = space(**inputs, documents=torch.tensor(DOCUMENTS) if documents else None)
    results = {"y": y, "state": state}
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    return {
        "documents": DOCUMENTS if documents else None,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in inputs.items()},
    }


CASES = {
    "one group, without d": case(1, groups=1, skip=False),
    "heads in groups, documents in a row": case(3, documents=True),
}

if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in CASES.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
