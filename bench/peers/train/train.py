"""The training steps of bench peers by PyTorch: `/usr/bin/python3 bench/peers/train.py` prints milliseconds per step.

It needs PyTorch (`apt-get install python3-torch libopenblas0-pthread`; without the second its products are many times
slower). `--write` writes train-truth.json: the figures of the first three steps of every case in float64, with which engines
are compared, and in float32. `--json FILE` writes the times. Weights, tokens and settings are those of train.ts and block.ts;
operations are PyTorch's fused ones in eager mode, as most users train. `--follow FOLDER BATCHES` trains a folder of f32
weights on the batches of `shaderformer train --batches` and prints the same lines (scripts/measure/curve.mjs).
"""

import argparse
import json
import math
import os
import platform
import statistics
import struct
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin while they wait slow the others down

import torch  # noqa: E402, reads the environment
import torch.nn.functional as F  # noqa: E402

HERE = Path(__file__).parent
MODEL = HERE / "../../examples/models/voices-dense"
CASES = ["train:q16", "train:q256", "train:2x32", "train:8x256"]
TIMED = ["train:q256", "train:8x256"]
RATE, BETAS, EPS, DECAY, CLIP, STEPS = 1e-3, (0.9, 0.95), 1e-8, 0.1, 1.0, 3
WIDTH, HEADS, HIDDEN = 768, 12, 3072


def uniform(seed, first, count):
    """Numbers `first` to `first + count` of mulberry32 from a seed, as in src/check/random.ts, in [0, 1)."""
    low = 0xFFFFFFFF
    state = (seed + torch.arange(first + 1, first + count + 1, dtype=torch.int64) * 0x6D2B79F5) & low
    t = ((state ^ (state >> 15)) * (state | 1)) & low
    t = (t ^ (t + (((t ^ (t >> 7)) * (t | 61)) & low))) & low
    return (t ^ (t >> 14)).double() / 2**32


def normal(shape, seed, scale=1.0):
    """Normal numbers, as stored in f32."""
    pairs = uniform(seed, 0, 2 * math.prod(shape)).reshape(-1, 2)
    values = torch.sqrt(-2 * torch.log(1 - pairs[:, 0])) * torch.cos(2 * math.pi * pairs[:, 1])
    return (values * scale).float().reshape(shape)


class Block:
    """A block of GPT-2 small with its weights, its input and its target, each from a separate seed."""

    def __init__(self, tokens, dtype):
        linear = lambda i, o, seed: (normal([o, i], seed, i**-0.5), normal([o], seed + 1, 0.1))
        norm = lambda seed: (normal([WIDTH], seed), normal([WIDTH], seed + 1, 0.1))
        c, f = WIDTH, HIDDEN
        shapes = [(c, c, 5), (c, c, 7), (c, c, 9), (c, c, 11), (c, f, 13), (f, c, 15)]
        weights = [*norm(1), *norm(3), *(one for shape in shapes for one in linear(*shape))]
        self.weights = [one.to(dtype).requires_grad_() for one in weights]
        self.x, self.target = (normal([tokens, c], seed).to(dtype) for seed in (17, 20))

    def loss(self):
        w1, b1, w2, b2, *linears = self.weights
        q, k, v, output, up, down = zip(linears[::2], linears[1::2])
        y = F.layer_norm(self.x, [WIDTH], w1, b1, 1e-5)
        heads = (F.linear(y, *one).unflatten(-1, (HEADS, -1)).transpose(0, 1)[None] for one in (q, k, v))
        attended = F.scaled_dot_product_attention(*heads, is_causal=True)[0].transpose(0, 1).flatten(1)
        x = self.x + F.linear(attended, *output)
        y = F.layer_norm(x, [WIDTH], w2, b2, 1e-5)
        x = x + F.linear(F.gelu(F.linear(y, *up), approximate="tanh"), *down)
        return F.mse_loss(x, self.target)


class Model:
    """A model of Llama's family from a folder: its weights and the angles of its positions."""

    def __init__(self, folder, tokens, dtype):
        self.config = json.loads((folder / "config.json").read_text())
        data = (folder / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + length])
        header.pop("__metadata__", None)

        def tensor(entry):
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            stored = {"F16": torch.float16, "F32": torch.float32}[entry["dtype"]]
            return torch.frombuffer(bytearray(data[begin:end]), dtype=stored).reshape(entry["shape"]).to(dtype)

        self.named = {name: tensor(entry).requires_grad_() for name, entry in header.items()}
        self.weights = list(self.named.values())
        half = self.config["head_dim"] // 2
        frequencies = self.config["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.arange(tokens, dtype=torch.float64)[:, None] * frequencies
        self.cosine, self.sine = angles.cos().to(dtype), angles.sin().to(dtype)

    def rotated(self, x):
        first, second = x.chunk(2, -1)
        return torch.cat([first * self.cosine - second * self.sine, second * self.cosine + first * self.sine], -1)

    def loss(self, ids, targets):
        config = self.config
        c, d, eps = config["hidden_size"], config["head_dim"], config["rms_norm_eps"]
        embedding = self.named["model.embed_tokens.weight"]
        x = F.embedding(ids, embedding)
        for layer in range(config["num_hidden_layers"]):
            own = lambda name: self.named[f"model.layers.{layer}.{name}.weight"]
            y = F.rms_norm(x, [c], own("input_layernorm"), eps)
            q, k, v = (F.linear(y, own(f"self_attn.{one}_proj")).unflatten(-1, (-1, d)).transpose(1, 2) for one in "qkv")
            q, k = self.rotated(q), self.rotated(k)
            attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            x = x + F.linear(attended.transpose(1, 2).flatten(2), own("self_attn.o_proj"))
            y = F.rms_norm(x, [c], own("post_attention_layernorm"), eps)
            gated = F.silu(F.linear(y, own("mlp.gate_proj"))) * F.linear(y, own("mlp.up_proj"))
            x = x + F.linear(gated, own("mlp.down_proj"))
        logits = F.linear(F.rms_norm(x, [c], self.named["model.norm.weight"], eps), embedding)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class RandomTokens:
    """The bundled model on a batch of random tokens."""

    def __init__(self, batch, tokens, dtype):
        self.model = Model(MODEL, tokens, dtype)
        self.weights = self.model.weights
        words = self.model.config["vocab_size"]
        rows = torch.floor(uniform(99, 0, batch * (tokens + 1)) * words).long().reshape(batch, -1)
        self.ids, self.targets = rows[:, :-1], rows[:, 1:]

    def loss(self):
        return self.model.loss(self.ids, self.targets)


class Training:
    """PyTorch's AdamW: matrices decay, gradients are clipped together. `what` has weights and computes their loss."""

    def __init__(self, what):
        self.what = what
        self.matrices = [one for one in self.what.weights if one.dim() > 1]
        vectors = [one for one in self.what.weights if one.dim() == 1]
        groups = [{"params": self.matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=EPS)

    def step(self, *batch, rate=RATE):
        """Returns the loss and the norm of all gradients, both for the weights before the step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = self.what.loss(*batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.what.weights, CLIP)
        self.optimizer.step()
        return loss, norm

    def figures(self):
        """Loss and norm of each of the first steps, then the norm of all matrices after these steps."""
        found = [one.item() for _ in range(STEPS) for one in self.step()]
        with torch.no_grad():
            squares = sum(one.double().square().sum().item() for one in self.matrices)
        return [*found, math.sqrt(squares)]


def training_of(case, dtype):
    size = case.split(":")[1]
    return Training(Block(int(size[1:]), dtype) if size[0] == "q" else RandomTokens(*map(int, size.split("x")), dtype))


def follow(folder, batches, rate, warmup):
    """Trains a folder's model on batches at a rate that warms up, and prints the lines of `shaderformer train`."""
    batches = json.loads(batches.read_text())["batches"]
    training = Training(Model(folder, len(batches[0]["inputs"][0]), torch.float32))
    for index, batch in enumerate(batches):
        now = rate * min(1, (index + 1) / (warmup + 1))
        loss, norm = training.step(torch.tensor(batch["inputs"]), torch.tensor(batch["targets"]), rate=now)
        line = {"step": index + 1, "loss": loss.item(), "gradientNorm": norm.item(), "learningRate": now}
        print(json.dumps(line), flush=True)


def write():
    result = {}
    for case in CASES:
        result[case] = {f"float{bits}": training_of(case, getattr(torch, f"float{bits}")).figures() for bits in (64, 32)}
        print(case, *(f"{one:.6g}" for one in result[case]["float64"]))
    (HERE / "train-truth.json").write_text(json.dumps(result, indent=1) + "\n")


def measure(steps):
    rows = []
    for case in TIMED:
        training = training_of(case, torch.float32)
        parts = {"step": training.step, "forward": lambda: training.what.loss()}
        times = {name: [] for name in parts}
        for turn in range(steps + 1):
            for name, run in parts.items():
                begin = time.perf_counter()
                run()
                if turn > 0:  # the first warms up
                    times[name].append(1000 * (time.perf_counter() - begin))
        for name, of in times.items():
            low, median, high = min(of), statistics.median(of), max(of)
            rows.append({"case": case, "what": name, "medianMs": median, "leastMs": low, "mostMs": high, "runs": steps})
            print(f"{case} {name}: {median:.0f} ms ({low:.0f} to {high:.0f}, {steps} runs)")
    return {
        "engine": "PyTorch",
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": torch.__config__.show().split("BLAS_INFO=")[-1].split(",")[0],
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "rows": rows,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--write", action="store_true", help="write train-truth.json instead of measuring")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--steps", type=int, default=7)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--follow", type=Path, nargs=2, metavar=("FOLDER", "BATCHES"))
    arguments.add_argument("--lr", type=float, default=RATE)
    arguments.add_argument("--warmup", type=int, default=0)
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    if given.write:
        write()
    elif given.follow:
        follow(*given.follow, given.lr, given.warmup)
    else:
        result = measure(given.steps)
        if given.json:
            given.json.write_text(json.dumps(result, indent=1) + "\n")
