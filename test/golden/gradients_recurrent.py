"""Golden gradients of small models: `/usr/bin/python3 test/golden/gradients_recurrent.py` writes a folder of each.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Folders are as those of gradients.py: random weights, a
batch, the mean loss and its gradients in float64, and the losses and norms of twenty steps of AdamW. The models are
PyTorch's own modules, which take the checkpoint by its names; no two axes of one have the same size.

- gradients-gru: an encoder and a decoder of one GRU each, sources of several lengths packed by PyTorch.
- gradients-gru-dot: an encoder of two directions, and attention with the decoder's states (Luong et al. 2015).
- gradients-gru-additive: an encoder of one direction, and additive attention (Bahdanau et al. 2015).
- gradients-skip-gram: words near a word, by a softmax over all of them.
- gradients-negative-sampling: the same words, by a few others that are not near (Mikolov et al. 2013).
- gradients-bag-of-words, gradients-bag-of-words-mean: sums and means of a vector of labels for each word.
- gradients-mean-of-word-vectors: labels of the mean of vectors of words.
"""

import json
from pathlib import Path

import torch
from checkpoint import Checkpoint
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

VOCABULARY, STEPS, RATE = 19, 20, 1e-2


class Recurrent(nn.Module):
    def __init__(self, config):
        super().__init__()
        e, h = config["embedding_size"], config["hidden_size"]
        self.both, self.kind = config["bidirectional"], config["attention"]
        self.embedding = nn.Embedding(VOCABULARY, e)
        self.encoder = nn.GRU(e, h // 2 if self.both else h, batch_first=True, bidirectional=self.both)
        self.decoder = nn.GRU(e, h, batch_first=True)
        if self.kind == "additive":
            self.query = nn.Linear(h, h, bias=False)
            self.key = nn.Linear(h, h, bias=False)
            self.score = nn.Linear(h, 1, bias=False)
        if self.kind != "none":
            self.combine = nn.Linear(2 * h, h, bias=False)
        self.head = nn.Linear(h, VOCABULARY)

    def forward(self, batch):
        lengths = torch.tensor([len(row) for row in batch["sources"]])
        padded = torch.tensor([row + [0] * (max(lengths).item() - len(row)) for row in batch["sources"]])
        packed = pack_padded_sequence(self.embedding(padded), lengths, batch_first=True, enforce_sorted=False)
        encoded, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(encoded, batch_first=True)
        start = torch.cat(list(last), -1)[None] if self.both else last
        states, _ = self.decoder(self.embedding(torch.tensor(batch["ids"])), start)
        self.alignment = None
        if self.kind != "none":
            beyond = torch.arange(memory.shape[1])[None, :] >= lengths[:, None]
            if self.kind == "dot":
                scores = states @ memory.transpose(1, 2)
            else:
                scores = self.score(torch.tanh(self.query(states)[:, :, None] + self.key(memory)[:, None]))[..., 0]
            self.alignment = scores.masked_fill(beyond[:, None, :], -torch.inf).softmax(-1)
            states = torch.tanh(self.combine(torch.cat([self.alignment @ memory, states], -1)))
        return self.head(states)

    def loss(self, batch):
        return nn.functional.cross_entropy(self(batch).flatten(0, 1), torch.tensor(batch["targets"]).flatten())

    def batch(self, generator):
        def draw(*shape):
            return torch.randint(0, VOCABULARY, shape, generator=generator).tolist()

        targets = draw(3, 4)
        targets[1][3] = targets[2][3] = targets[2][2] = -100
        return {"sources": [draw(6), draw(2), draw(5)], "ids": draw(3, 4), "targets": targets}


class SkipGram(nn.Module):
    def __init__(self, config, negatives=0):
        super().__init__()
        self.negatives = negatives
        self.input = nn.Embedding(VOCABULARY, config["vector_size"])
        self.output = nn.Embedding(VOCABULARY, config["vector_size"])

    def loss(self, batch):
        v, targets = self.input(torch.tensor(batch["ids"])), torch.tensor(batch["targets"])
        if not self.negatives:
            return nn.functional.cross_entropy(v @ self.output.weight.T, targets)
        others = self.output(torch.tensor(batch["negatives"]))
        counts = targets >= 0
        near = (v * self.output(targets.clamp(min=0))).sum(-1)
        loss = -nn.functional.logsigmoid(near) - nn.functional.logsigmoid(-v @ others.T).sum(-1)
        return loss[counts].mean()

    def batch(self, generator):
        def draw(count):
            return torch.randint(0, VOCABULARY, [count], generator=generator).tolist()

        targets = draw(11)
        targets[4] = -100
        made = {"ids": draw(11), "targets": targets}
        return {**made, "negatives": draw(self.negatives)} if self.negatives else made


class Classifier(nn.Module):
    def loss(self, batch):
        logits = torch.stack([self.logits(torch.tensor(row)) for row in batch["ids"]])
        return nn.functional.cross_entropy(logits, torch.tensor(batch["labels"]))

    def batch(self, generator):
        def draw(count, below=VOCABULARY):
            return torch.randint(0, below, [count], generator=generator).tolist()

        labels = draw(5, 3)
        labels[2] = -100
        return {"ids": [draw(count) for count in (7, 1, 4, 2, 6)], "labels": labels}


class BagOfWords(Classifier):
    def __init__(self, config):
        super().__init__()
        self.words = nn.EmbeddingBag(VOCABULARY, config["num_labels"], mode=config["mode"])
        self.bias = nn.Parameter(torch.zeros(config["num_labels"]))

    def logits(self, row):
        return self.words(row[None])[0] + self.bias


class MeanOfWordVectors(Classifier):
    def __init__(self, config):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, config["vector_size"])
        self.head = nn.Linear(config["vector_size"], config["num_labels"])

    def logits(self, row):
        return self.head(self.embedding(row).mean(0))


def trajectory(model, batches):
    """Steps of PyTorch's own AdamW: matrices decay, all gradients together are clipped to a norm of 1."""
    named = list(model.parameters())
    groups = [
        {"params": [x for x in named if x.dim() > 1], "weight_decay": 0.1},
        {"params": [x for x in named if x.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    steps = []
    for batch in batches:
        optimizer.zero_grad()
        loss = model.loss(batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(named, 1.0)
        steps.append({**batch, "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
    return steps


def write(name, config, seed, make):
    config = {**config, "vocab_size": VOCABULARY}
    model = make(config).double()
    checkpoint = Checkpoint(seed)
    for tensor, x in model.state_dict().items():
        checkpoint.random(tensor, list(x.shape), 0.5)
    model.load_state_dict({tensor: x.double() for tensor, x in checkpoint.stored.items()})
    generator = torch.Generator().manual_seed(seed + 1)
    batch = model.batch(generator)
    loss = model.loss(batch)
    loss.backward()
    gradients = Checkpoint(0)
    for tensor, x in model.named_parameters():
        gradients.keep(tensor, x.grad.float())
    folder = Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    checkpoint.write(folder / "model.safetensors")
    gradients.write(folder / "gradients.safetensors")
    golden = {**batch, "loss": loss.item()}
    if getattr(model, "alignment", None) is not None:
        golden["alignment"] = model.alignment.tolist()
    golden["steps"] = trajectory(model, [model.batch(generator) for _ in range(STEPS)])
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    print(f"{name}: loss {loss.item():.6f}, {sum(x.numel() for x in checkpoint.stored.values())} numbers")


if __name__ == "__main__":
    gru = {"model_type": "gru-encoder-decoder", "embedding_size": 7, "decoder_start_token_id": 18, "eos_token_id": 17}
    write("gradients-gru", {**gru, "hidden_size": 9, "attention": "none", "bidirectional": False}, 91, Recurrent)
    write("gradients-gru-dot", {**gru, "hidden_size": 10, "attention": "dot", "bidirectional": True}, 93, Recurrent)
    write("gradients-gru-additive", {**gru, "hidden_size": 6, "attention": "additive", "bidirectional": False}, 105, Recurrent)
    words = {"model_type": "skip-gram", "vector_size": 8}
    write("gradients-skip-gram", words, 95, SkipGram)
    write("gradients-negative-sampling", words, 97, lambda config: SkipGram(config, 5))
    bag = {"model_type": "bag-of-words", "num_labels": 3}
    write("gradients-bag-of-words", {**bag, "mode": "sum"}, 99, BagOfWords)
    write("gradients-bag-of-words-mean", {**bag, "mode": "mean"}, 101, BagOfWords)
    mean = {"model_type": "mean-of-word-vectors", "vector_size": 8, "num_labels": 3}
    write("gradients-mean-of-word-vectors", mean, 103, MeanOfWordVectors)
