"""Twenty steps of training the bundled models in float64: `/usr/bin/python3 test/golden/training_voices.py` writes a file each.

It needs PyTorch (`apt-get install python3-torch`) and takes minutes. From the weights that the folders hold as f16, with
batches cut from texts of test/golden/voices-*.json: the loss of each step before it, and the norm of its gradients before
clipping; AdamW as gradients.py has it.
"""

import json
import math
import struct
from pathlib import Path
from types import SimpleNamespace

import gradients_experts
import torch
from gradients import STEPS, trajectory
from gradients_experts import dense_feed, llama_layers, mixture_feed

ROWS, TOKENS = 2, 24
HERE = Path(__file__).parent


def stored(path):
    """The f16 tensors of a safetensors file."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)

    def tensor(entry):
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        return torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float16).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}


def batches(name):
    """Rows of consecutive tokens of the recorded texts, each step others; the first row's first targets do not count."""
    prompts = json.loads((HERE / f"{name}.json").read_text())["prompts"]
    texts = [prompt["promptTokens"] + prompt["greedyTokens"] for prompt in prompts]
    for step in range(STEPS):
        rows = []
        for row in range(ROWS):
            text = texts[(step + 2 * row) % len(texts)]
            first = (5 * step + 7 * row) % (len(text) - TOKENS)
            rows.append(text[first : first + TOKENS + 1])
        rows = torch.tensor(rows)
        targets = rows[:, 1:].clone()
        targets[0, :3] = -100
        yield rows[:, :-1], targets


def write(name):
    folder = HERE / "../../examples/models" / name
    config = json.loads((folder / "config.json").read_text())
    sizes = {
        "head": config["head_dim"],
        "heads": config["num_attention_heads"],
        "kv": config["num_key_value_heads"],
        "eps": config["rms_norm_eps"],
        "theta": config["rope_theta"],
    }
    k = config.get("num_experts_per_tok")
    feed = dense_feed if k is None else mixture_feed(k)
    gradients_experts.nearest[0] = math.inf
    logits = llama_layers(sizes, feed, config["num_hidden_layers"])
    steps = trajectory(SimpleNamespace(stored=stored(folder / "model.safetensors")), logits, batches(name), 1e-3)
    (HERE / f"training-{name}.json").write_text(json.dumps({"rate": 1e-3, "steps": steps}) + "\n")
    losses = ", ".join(f"{step['loss']:.3f}" for step in steps)
    print(f"{name}: losses {losses}; the nearest choice: {gradients_experts.nearest[0]:.1e}")


if __name__ == "__main__":
    for name in ("voices-dense", "voices-moe"):
        write(name)
