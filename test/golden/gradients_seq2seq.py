"""Golden gradients of encoder-decoders: `/usr/bin/python3 test/golden/gradients_seq2seq.py [NAME...]` writes a folder of each.

It needs PyTorch (`apt-get install python3-torch`) and takes a minute. The models are those of seq2seq.py and
later_seq2seq.py, with fewer layers, and with weights so much smaller that no softmax is all of one key, whose gradients f32
would not resolve. Each folder holds a model, a batch of pairs, the mean loss over the targets that are not -100, with and
without label smoothing, the gradient by every tensor of the checkpoint, from autograd in float64, and the losses and the
norms of gradients of twenty steps of AdamW. Sources have different lengths, and each row is computed by itself, so that no
padding takes part. T5's buckets are so few that a source has distances of the last one.
"""

import json
import sys
from pathlib import Path

import later_seq2seq
import seq2seq
import torch
from checkpoint import Checkpoint

LENGTHS, TOKENS, STEPS, SMOOTHING = [9, 5, 7], 8, 20, 0.1
RATE, GAIN, LAYERS = 3e-3, 0.6, (1, 2)
NAMES = ["transformer-2017", "transformer-2017-torch", "bart", "marian", "t5", "t5-v1.1"]
later_seq2seq.LAYERS, later_seq2seq.HIDDEN, later_seq2seq.ROWS = LAYERS, (28, 36), 17
seq2seq.HIDDEN, seq2seq.BUCKETS, seq2seq.FARTHEST = 28, 8, 7


class SmallT5(seq2seq.T5):
    def make(self):
        self.layers = LAYERS
        super().make()

    def files(self):
        files = super().files()
        files["config"]["relative_attention_max_distance"] = seq2seq.FARTHEST
        return files


FAMILIES = {
    **later_seq2seq.FAMILIES,
    "t5": lambda: SmallT5(gated=False, seed=129),
    "t5-v1.1": lambda: SmallT5(gated=True, seed=66),
}


class Trained:
    """A model whose weights are those of its checkpoint in float64, with gradients."""

    def __init__(self, name):
        self.model = FAMILIES[name]()
        stored = self.model.checkpoint.stored
        for key, x in stored.items():
            if x.dim() > 1 and "embed" not in key and "shared" not in key:
                stored[key] = (x.double() * GAIN).float()
        self.leaves = {key: x.double().requires_grad_() for key, x in stored.items()}

    def bind(self):
        """Gives the model its weights, of which queries, keys and values may be parts of one tensor."""
        for key in self.model.weights:
            stored = next((one for one in (key, f"{key}.weight") if one in self.leaves), None)
            if stored is not None:
                self.model.weights[key] = self.leaves[stored]
                continue
            at, part, kind = key.rsplit(".", 2)
            index = ["q_proj", "k_proj", "v_proj"].index(part)
            self.model.weights[key] = self.leaves[f"{at}.in_proj_{kind}"].chunk(3)[index]

    def loss(self, batch, smoothing=0.0):
        self.bind()
        losses = []
        for source, ids, targets in zip(batch["sources"], batch["ids"], batch["targets"]):
            logits, _ = self.model.decode(ids, self.model.encode(source)[1])
            scores = logits.log_softmax(-1)
            for row, target in zip(scores, targets):
                if target >= 0:
                    losses.append(-(1 - smoothing) * row[target] - smoothing * row.mean())
        return torch.stack(losses).mean()


def batch_of(trained, generator):
    model = trained.model
    draw = lambda below, count: torch.randint(0, below, [count], generator=generator).tolist()
    source_rows = model.weights[getattr(model, "source", "shared")].shape[0]
    sources = [draw(source_rows, length) for length in LENGTHS]
    tokens = [draw(model.rows, TOKENS) for _ in LENGTHS]
    targets = [row.copy() for row in tokens]
    targets[1][-2:] = [-100, -100]
    targets[2][0] = -100
    return {"sources": sources, "ids": [[model.rules.start, *row[:-1]] for row in tokens], "targets": targets}


def trajectory(trained, batches):
    """Steps of PyTorch's own AdamW in float64: matrices decay, all gradients together are clipped to a norm of 1."""
    matrices = [x for x in trained.leaves.values() if x.dim() > 1]
    others = [x for x in trained.leaves.values() if x.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    steps = []
    for batch in batches:
        optimizer.zero_grad()
        loss = trained.loss(batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(matrices + others, 1.0)
        steps.append({**batch, "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
    return steps


def write(name):
    trained = Trained(name)
    generator = torch.Generator().manual_seed(97)
    batch = batch_of(trained, generator)
    smoothed = trained.loss(batch, SMOOTHING).item()
    loss = trained.loss(batch)
    loss.backward()
    gradients = Checkpoint(0)
    for tensor, x in trained.leaves.items():
        gradients.keep(tensor, x.grad.float())
        x.grad = None
    folder = Path(__file__).parent / f"gradients-{name}"
    folder.mkdir(exist_ok=True)
    gradients.write(folder / "gradients.safetensors")
    trained.model.checkpoint.write(folder / "model.safetensors")
    for file, content in trained.model.files().items():
        (folder / f"{file}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    golden = {**batch, "loss": loss.item(), "smoothing": SMOOTHING, "smoothed": smoothed, "rate": RATE}
    golden["steps"] = trajectory(trained, [batch_of(trained, generator) for _ in range(STEPS)])
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    print(f"{name}: loss {loss.item():.6f}, last {golden['steps'][-1]['loss']:.4f}")


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        write(name)
