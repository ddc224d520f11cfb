"""Golden data of encoders with f16 weights: `/usr/bin/python3 test/golden/halved.py` writes halved.json into their folders.

The states of the last layer, in float64, of the models that encoders.py and later_encoders.py make, after every matrix was
rounded to f16 and back. Vectors stay f32, as they are on the device, and so does MPNet's table of biases by distance, which
is no factor of a product.
"""

import json
from pathlib import Path

import torch
from encoders import TEXTS, Model, rounded
from later_encoders import Gte, ModernBert, MPNet


def halve(model):
    for name, weight in model.weights.items():
        if weight.dim() == 2 and "relative_attention_bias" not in name:
            model.weights[name] = weight.to(torch.float16).double()


if __name__ == "__main__":
    for model in [*(Model(name) for name in ["bert", "roberta", "distilbert"]), MPNet("mpnet"), ModernBert("modernbert"), Gte("new")]:
        halve(model)
        texts = [{"text": text, "last": rounded(model.layers(*model.ids(text))[-1])} for text in TEXTS[:3]]
        path = Path(__file__).parent / model.name / "halved.json"
        path.write_text(json.dumps({"texts": texts}, separators=(",", ":")) + "\n")
