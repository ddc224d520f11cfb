"""Golden gradients of encoders: `/usr/bin/python3 test/golden/gradients_encoders.py` writes into the folder of each family.

It needs PyTorch (`apt-get install python3-torch`) and takes a minute. On the weights that encoders.py and later_encoders.py
make it computes, in float64, text by text, the mean loss of masked words and that of labels, for two families those of
labels of tokens and of pairs too, the gradient of each by every tensor of the checkpoint that it reaches, and the losses
and the norms of gradients of twenty steps of AdamW on other texts.
"""

import json
from pathlib import Path

import torch
from checkpoint import Checkpoint
from encoders import LABELS, Model
from later_encoders import Gte, ModernBert, MPNet

LENGTHS, STEPS = [7, 11, 1, 4], 20
# Of RoBERTa (Liu et al. 2019, section 3.1). With an eps of 1e-8 steps are as large where a gradient is rounding alone, as of
# GELU far below 0: PyTorch's own in f32 are then up to 2e-3 from these.
BETAS, EPS = (0.9, 0.98), 1e-6
FURTHER = {name: ("classify-tokens", "contrastive") for name in ("bert", "modernbert")}
RATE, RATES = 3e-3, {"modernbert": 1e-3, "new": 5e-4}


def named(model):
    """The model's weights by the names that the checkpoint stores them under: it makes both in the same order."""
    pairs = list(zip(model.weights, model.checkpoint.stored))
    for own, stored in pairs:
        assert torch.equal(model.weights[own], model.checkpoint.stored[stored].double())
    return {own: stored for own, stored in pairs}


def fresh(model, names):
    """The weights as they are stored, whose gradients are wanted."""
    for own, stored in names.items():
        model.weights[own] = model.checkpoint.stored[stored].double().requires_grad_()
    return [model.weights[own] for own in names]


def batch_of(model, task, generator):
    """Rows of several lengths, in another order each time."""
    def draw(below, length):
        return torch.randint(0, below, [length], generator=generator).tolist()

    order = torch.randperm(len(LENGTHS), generator=generator).tolist()
    lengths = [LENGTHS[i] for i in order]
    size = len(model.vocabulary)
    batch = {"ids": [draw(size, length) for length in lengths]}
    types = model.family["types"]
    if types > 0:
        batch["types"] = [draw(types, length) for length in lengths]
    if task == "classify":
        batch["labels"] = draw(LABELS, len(lengths))
        batch["labels"][0] = -100
    elif task == "contrastive":
        batch.pop("types", None)
        batch["others"] = [draw(size, length) for length in reversed(lengths)]
    else:
        name, below = ("targets", size) if task == "masked" else ("labels", LABELS)
        drawn = [[draw(3, length), draw(below, length)] for length in lengths]
        batch[name] = [[t if keep == 0 or i == 0 else -100 for i, (keep, t) in enumerate(zip(*row))] for row in drawn]
    return batch


def contrastive_loss(model, batch):
    """That of sentence-transformers' MultipleNegativesRankingLoss: cosines of means, times 20."""
    a, b = (
        torch.stack([model.layers(ids, [0] * len(ids))[-1].mean(0) for ids in batch[name]]) for name in ("ids", "others")
    )
    scores = 20 * torch.nn.functional.normalize(a, dim=-1) @ torch.nn.functional.normalize(b, dim=-1).T
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(scores)))


def loss_of(model, task, batch):
    """The mean over targets that count."""
    if task == "contrastive":
        return contrastive_loss(model, batch)
    logits_of = {"masked": model.token_logits, "classify-tokens": model.label_logits}
    losses = []
    for row, ids in enumerate(batch["ids"]):
        types = batch["types"][row] if "types" in batch else [0] * len(ids)
        states = model.layers(ids, types)[-1]
        logits = model.class_logits(states)[None] if task == "classify" else logits_of[task](states)
        targets = batch["targets" if task == "masked" else "labels"][row]
        targets = [targets] if task == "classify" else targets
        live = [i for i, target in enumerate(targets) if target >= 0]
        losses.append(-logits.log_softmax(-1)[live, [targets[i] for i in live]])
    return torch.cat(losses).mean()


def trajectory(model, names, task, batches):
    """Steps of PyTorch's own AdamW: matrices decay, all gradients together are clipped to a norm of 1."""
    weights = fresh(model, names)
    matrices, others = [x for x in weights if x.dim() > 1], [x for x in weights if x.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATES.get(model.name, RATE), betas=BETAS, eps=EPS)
    steps = []
    for batch in batches:
        optimizer.zero_grad()
        loss = loss_of(model, task, batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([x for x in weights if x.grad is not None], 1.0)
        steps.append({"batch": batch, "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
    return steps


def write(model):
    names = named(model)
    folder = Path(__file__).parent / model.name
    golden = {}
    for task in ("masked", "classify", *FURTHER.get(model.name, ())):
        generator = torch.Generator().manual_seed(71)
        batch = batch_of(model, task, generator)
        fresh(model, names)
        loss = loss_of(model, task, batch)
        loss.backward()
        gradients = Checkpoint(0)
        for own, stored in names.items():
            if model.weights[own].grad is not None:
                gradients.keep(stored, model.weights[own].grad.float())
        gradients.write(folder / f"gradients-{task}.safetensors")
        steps = trajectory(model, names, task, [batch_of(model, task, generator) for _ in range(STEPS)])
        golden[task] = {"batch": batch, "rate": RATES.get(model.name, RATE), "loss": loss.item(), "steps": steps}
        print(f"{model.name}, {task}: loss {loss.item():.6f}, last {steps[-1]['loss']:.6f}")
    (folder / "gradients.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    for made in (Model("bert"), Model("roberta"), Model("distilbert"), MPNet("mpnet"), ModernBert("modernbert"), Gte("new")):
        write(made)
