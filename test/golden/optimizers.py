# Steps of PyTorch's optimizers in float64, for test/train/optimizers.test.ts: python3 test/golden/optimizers.py
#
# Two parameters, a matrix and a vector, and a gradient of each for every step, all f32 numbers. Gradients are large in some
# steps, so that clipping to a norm of 1 is active in them and not in others; one element's gradient is always 0.
import json
from pathlib import Path

import torch

torch.manual_seed(7)
SHAPES = [(5, 8), (7,)]
STEPS = 20


def drawn(shape):
    return torch.randn(shape).double()


start = [drawn(shape) for shape in SHAPES]
gradients = []
for step in range(STEPS):
    scale = 0.02 if step % 3 else 1.0
    pair = [(scale * drawn(shape)).float().double() for shape in SHAPES]
    pair[0][0, 0] = 0
    gradients.append(pair)


def run(make, steps, clip=None):
    parameters = [torch.nn.Parameter(one.clone()) for one in start]
    optimizer = make([{"params": parameters[:1]}, {"params": parameters[1:], "weight_decay": 0.0}])
    norms = []
    for step in range(steps):
        for parameter, gradient in zip(parameters, gradients[step]):
            parameter.grad = gradient.clone()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, clip).item() if clip else None)
        optimizer.step()
    return {"steps": steps, "clip": clip, "norms": norms, "after": [one.detach().flatten().tolist() for one in parameters]}


adamw = lambda lr, **given: lambda groups: torch.optim.AdamW(groups, lr=lr, **given)
sgd = lambda lr, **given: lambda groups: torch.optim.SGD(groups, lr=lr, **given)
runs = {
    "adamw": run(adamw(1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1), 20),
    "adamw clipped": run(adamw(1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01), 20, 1.0),
    "sgd": run(sgd(1e-2), 5),
    "sgd momentum": run(sgd(1e-2, momentum=0.9, weight_decay=0.1), 5, 1.0),
    "sgd nesterov": run(sgd(1e-2, momentum=0.9, nesterov=True, weight_decay=0.1), 5),
}
golden = {
    "shapes": SHAPES,
    "start": [one.flatten().tolist() for one in start],
    "gradients": [[one.flatten().tolist() for one in pair] for pair in gradients],
    "runs": runs,
}
Path(__file__).with_name("optimizers.json").write_text(json.dumps(golden) + "\n")
