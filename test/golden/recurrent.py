"""Recurrent layers and their gradients: `/usr/bin/python3 test/golden/recurrent.py` writes recurrent.json beside it.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each case is one of PyTorch's modules in float64, with
random inputs that are multiples of 1/64, random upstream gradients of all results, and the gradients of all inputs. No two
axes have the same size. Rows of several lengths are packed by PyTorch. It has no GRU whose reset comes before the product:
that one is a loop of PyTorch's operators here.
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

B, T, I, H = 3, 4, 2, 5
LENGTHS = [2, 4, 1]


def drawn(generator, *shape):
    return (torch.randint(-96, 97, shape, generator=generator) / 64).double()


def listed(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


class ResetBefore(nn.Module):
    """A GRU whose r multiplies the state before the product (Cho et al. 2014), under the names of PyTorch's module."""

    def __init__(self, both):
        super().__init__()
        self.suffixes = ["", "_reverse"] if both else [""]
        for suffix in self.suffixes:
            self.register_parameter(f"weight_ih_l0{suffix}", nn.Parameter(torch.zeros(3 * H, I)))
            self.register_parameter(f"weight_hh_l0{suffix}", nn.Parameter(torch.zeros(3 * H, H)))
            self.register_parameter(f"bias_ih_l0{suffix}", nn.Parameter(torch.zeros(3 * H)))
            self.register_parameter(f"bias_hh_l0{suffix}", nn.Parameter(torch.zeros(3 * H)))

    def direction(self, x, state, lengths, suffix):
        w, u, b, c = (
            getattr(self, f"{name}_l0{suffix}") for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        )
        rows, last = [], []
        for row, length in enumerate(lengths):
            h, outs = state[row], [torch.zeros(H).double()] * T
            for step in range(length):
                position = length - 1 - step if suffix else step
                a = w @ x[row, position] + b
                m = u[: 2 * H] @ h + c[: 2 * H]
                r, z = torch.sigmoid(a[:H] + m[:H]), torch.sigmoid(a[H : 2 * H] + m[H:])
                n = torch.tanh(a[2 * H :] + u[2 * H :] @ (r * h) + c[2 * H :])
                h = (1 - z) * h + z * n
                outs[position] = h
            rows.append(torch.stack(outs))
            last.append(h)
        return torch.stack(rows), torch.stack(last)

    def forward(self, x, state, lengths):
        found = [self.direction(x, state[i], lengths, suffix) for i, suffix in enumerate(self.suffixes)]
        return torch.cat([out for out, _ in found], 2), torch.stack([last for _, last in found])


def before(both, packed, seed):
    generator = torch.Generator().manual_seed(seed)
    module = ResetBefore(both).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(drawn(generator, *weight.shape) / 2)
    inputs = {"x": drawn(generator, B, T, I), "state": drawn(generator, 2 if both else 1, B, H)}
    for tensor in inputs.values():
        tensor.requires_grad_()
    out, last = module(inputs["x"], inputs["state"], LENGTHS if packed else [T] * B)
    results = {"out": out, "state": last}
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    weights = dict(module.named_parameters())
    return {
        "cell": "gru",
        "reset": "before",
        "layers": 1,
        "bidirectional": both,
        "lengths": LENGTHS if packed else None,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "weights": {name: listed(tensor) for name, tensor in weights.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in {**inputs, **weights}.items()},
    }


def case(cell, layers=1, both=False, packed=False, bias=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell](
        I, H, num_layers=layers, bidirectional=both, batch_first=True, bias=bias
    ).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(drawn(generator, *weight.shape) / 2)
    directions = 2 if both else 1
    inputs = {"x": drawn(generator, B, T, I), "state": drawn(generator, layers * directions, B, H)}
    if cell == "lstm":
        inputs["cell"] = drawn(generator, layers * directions, B, H)
    for tensor in inputs.values():
        tensor.requires_grad_()
    x = inputs["x"]
    if packed:
        x = pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    start = (inputs["state"], inputs["cell"]) if cell == "lstm" else inputs["state"]
    out, last = module(x, start)
    if packed:
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=T)
    results = {"out": out, "state": last[0] if cell == "lstm" else last}
    if cell == "lstm":
        results["cell"] = last[1]
    upstream = {name: drawn(generator, *tensor.shape) for name, tensor in results.items()}
    sum((results[name] * upstream[name]).sum() for name in results).backward()
    weights = dict(module.named_parameters())
    return {
        "cell": cell,
        "layers": layers,
        "bidirectional": both,
        "lengths": LENGTHS if packed else None,
        "inputs": {name: listed(tensor) for name, tensor in inputs.items()},
        "weights": {name: listed(tensor) for name, tensor in weights.items()},
        "results": {name: listed(tensor) for name, tensor in results.items()},
        "upstream": {name: listed(tensor) for name, tensor in upstream.items()},
        "gradients": {name: listed(tensor.grad) for name, tensor in {**inputs, **weights}.items()},
    }


CASES = {
    "lstm": case("lstm", seed=3),
    "gru, packed": case("gru", packed=True, seed=2),
    "gru without biases": case("gru", bias=False, seed=4),
    "lstm of two layers and directions, packed": case("lstm", layers=2, both=True, packed=True, seed=5),
    "gru of two directions, packed": case("gru", both=True, packed=True, seed=6),
    "rnn of two layers and directions": case("rnn", layers=2, both=True, seed=7),
    "gru, reset before the product": before(both=False, packed=False, seed=8),
    "gru, reset before the product, of two directions, packed": before(both=True, packed=True, seed=9),
}

if __name__ == "__main__":
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in CASES.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
