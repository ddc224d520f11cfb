"""The delta rule and its gradients: `/usr/bin/python3 test/golden/delta_rule.py` writes delta_rule.json beside it.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each case is a loop over tokens of PyTorch's operators
in float64, with random inputs that are multiples of 1/64, random upstream gradients of both results, and the gradients of
all inputs by autograd.
"""

import json
from pathlib import Path

import torch

B, H, T, D, DV = 2, 2, 3, 3, 2
DOCUMENTS = [[7, 7, 2], [1, 5, 5]]


def drawn(generator, *shape, low=-96, high=97):
    return (torch.randint(low, high, shape, generator=generator) / 64).double()


def listed(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def unit(x):
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6)


def rule(q, k, v, beta, state, g=None, documents=None, normalise=False, scale=None):
    if normalise:
        q, k = unit(q), unit(k)
    repeats = v.shape[1] // q.shape[1]
    q, k = q.repeat_interleave(repeats, 1), k.repeat_interleave(repeats, 1)
    q = q * (q.shape[-1] ** -0.5 if scale is None else scale)
    outs = []
    for i in range(q.shape[2]):
        if documents is not None and i > 0:
            same = documents[:, i] == documents[:, i - 1]
            state = torch.where(same[:, None, None, None], state, torch.zeros_like(state))
        if g is not None:
            decay = g[:, :, i].exp()
            state = state * (decay[..., None] if g.dim() == 4 else decay[..., None, None])
        said = torch.einsum("bhdv,bhd->bhv", state, k[:, :, i])
        written = beta[:, :, i, None] * (v[:, :, i] - said)
        state = state + torch.einsum("bhd,bhv->bhdv", k[:, :, i], written)
        outs.append(torch.einsum("bhdv,bhd->bhv", state, q[:, :, i]))
    return torch.stack(outs, 2), state


def case(seed, gate=None, heads=1, documents=False, options=None):
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        "q": drawn(generator, B, H, T, D),
        "k": drawn(generator, B, H, T, D) / 2,
        "v": drawn(generator, B, H * heads, T, DV),
        "beta": drawn(generator, B, H * heads, T, low=0, high=65),
        "state": drawn(generator, B, H * heads, D, DV),
    }
    if gate == "head":
        inputs["g"] = drawn(generator, B, H * heads, T, low=-128, high=1)
    if gate == "channel":
        inputs["g"] = drawn(generator, B, H * heads, T, D, low=-128, high=1)
    for tensor in inputs.values():
        tensor.requires_grad_()
    ids = torch.tensor(DOCUMENTS) if documents else None
    out, state = rule(**inputs, documents=ids, **(options or {}))
    results = {"out": out, "state": state}
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    return {
        "options": options or {},
        "documents": DOCUMENTS if documents else None,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in inputs.items()},
    }


CASES = {
    "plain": case(1, options={"scale": 0.75}),
    "a gate a head, normalised": case(2, gate="head", heads=2, options={"normalise": True}),
    "a gate a channel, documents in a row": case(3, gate="channel", documents=True),
}

if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in CASES.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
