"""Layers with a state, and their gradients: `/usr/bin/python3 test/golden/state_layers.py` writes JSON beside it.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each layer is written from its definition, token by
token, in float64, with random inputs that are multiples of 1/64: gated DeltaNet (Yang, Kautz and Hatamizadeh 2024, as in
Qwen3-Next), Mamba-2 (Dao and Gu 2024), and the gated short convolution of LFM2. The gradients are those of Σ dy · y.
"""

import json
from pathlib import Path

import torch
from torch.nn.functional import silu, softplus

B, T, C, WIDTH, EPS = 2, 7, 6, 4, 1e-6


def drawn(generator, *shape, scale=1.0):
    return (torch.randint(-96, 97, shape, generator=generator) / 64 * scale).double()


def listed(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def convolve(x, weight, bias=None):
    """Causal, channel by channel: y_t = Σ_j weight[:, j] · x_{t - width + 1 + j}."""
    width = weight.shape[1]
    rows = []
    for t in range(x.shape[1]):
        y = torch.zeros_like(x[:, 0]) if bias is None else bias.expand_as(x[:, 0])
        for j in range(width):
            if t - width + 1 + j >= 0:
                y = y + weight[:, j] * x[:, t - width + 1 + j]
        rows.append(y)
    return torch.stack(rows, 1)


def rms(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS) * weight


def delta_net(w, h=2, hv=4, d=3, dv=5):
    x = w["x"]
    qkv = silu(convolve(x @ w["qkv"].T, w["convolution"]))
    q, k, v = qkv.split([h * d, h * d, hv * dv], -1)
    q, k, v = q.reshape(B, T, h, d), k.reshape(B, T, h, d), v.reshape(B, T, hv, dv)
    q, k = [y / torch.sqrt((y * y).sum(-1, keepdim=True) + 1e-6) for y in (q, k)]
    q, k = [y.repeat_interleave(hv // h, 2) for y in (q, k)]
    beta = torch.sigmoid(x @ w["b"].T)
    g = w["decay"] * softplus(x @ w["a"].T + w["dtBias"])
    state = torch.zeros(B, hv, d, dv).double()
    rows = []
    for t in range(T):
        state = state * torch.exp(g[:, t])[..., None, None]
        said = torch.einsum("bhij,bhi->bhj", state, k[:, t])
        state = state + torch.einsum("bhi,bhj->bhij", k[:, t], beta[:, t][..., None] * (v[:, t] - said))
        rows.append(torch.einsum("bhij,bhi->bhj", state, q[:, t]) * d**-0.5)
    out = rms(torch.stack(rows, 1), w["norm"]).reshape(B, T, hv * dv)
    return (out * silu(x @ w["z"].T)) @ w["out"].T


def mamba(w, h=4, p=3, groups=2, n=5, before=False):
    x = w["x"]
    z, mixed, dt = (x @ w["in"].T).split([h * p, h * p + 2 * groups * n, h], -1)
    values, written, read = silu(convolve(mixed, w["convolution"], w["convolutionBias"])).split(
        [h * p, groups * n, groups * n], -1
    )
    values = values.reshape(B, T, h, p)
    written, read = [y.reshape(B, T, groups, n).repeat_interleave(h // groups, 2) for y in (written, read)]
    dt = softplus(dt + w["dtBias"])
    state = torch.zeros(B, h, n, p).double()
    rows = []
    for t in range(T):
        state = state * torch.exp(dt[:, t] * w["decay"])[..., None, None]
        state = state + torch.einsum("bhi,bhj->bhij", written[:, t], dt[:, t][..., None] * values[:, t])
        rows.append(torch.einsum("bhij,bhi->bhj", state, read[:, t]) + w["skip"][:, None] * values[:, t])
    y = torch.stack(rows, 1).reshape(B, T, h * p)
    y = rms(y, w["norm"]) * silu(z) if before else rms(y * silu(z), w["norm"])
    return y @ w["out"].T


def convolution(w):
    b, c, x = (w["x"] @ w["in"].T).split(C, -1)
    return (c * convolve(b * x, w["convolution"])) @ w["out"].T


def case(layer, shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    w = {"x": drawn(generator, B, T, C)}
    for name, shape in shapes.items():
        w[name] = -drawn(generator, *shape).abs() - 1 / 16 if name == "decay" else drawn(generator, *shape, scale=0.5)
    for tensor in w.values():
        tensor.requires_grad_()
    y = layer(w)
    dy = drawn(generator, *y.shape)
    (y * dy).sum().backward()
    return {
        "inputs": {name: listed(tensor) for name, tensor in w.items()},
        "dy": listed(dy),
        "y": listed(y),
        "gradients": {name: listed(tensor.grad) for name, tensor in w.items()},
    }


NET = {
    "qkv": (32, C), "z": (20, C), "b": (4, C), "a": (4, C), "convolution": (32, WIDTH),
    "dtBias": (4,), "decay": (4,), "norm": (5,), "out": (C, 20),
}
MAMBA = {
    "in": (12 + 32 + 4, C), "convolution": (32, WIDTH), "convolutionBias": (32,),
    "dtBias": (4,), "decay": (4,), "skip": (4,), "norm": (12,), "out": (C, 12),
}
CASES = {
    "gatedDeltaNet": case(delta_net, NET, 1),
    "mamba2": case(mamba, MAMBA, 2),
    "mamba2, the norm before the gate": case(lambda w: mamba(w, before=True), MAMBA, 3),
    "gatedConvolution": case(convolution, {"in": (3 * C, C), "convolution": (C, 3), "out": (C, C)}, 4),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(CASES) + "\n")
