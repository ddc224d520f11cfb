"""Golden data of examples/models/dates: `/usr/bin/python3 test/golden/dates.py` writes dates.json.

It reads the folder's weights as they are stored and computes in float64 with torch.nn.Transformer: fifty held-out texts with
their dates and the words that these come from, logits where the decoder is given a date, and every head's weights of the
source. `--accuracy` prints how many of 20,000 held-out texts are exact, and writes nothing.
"""

import json
import random
import struct
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts/models/dates"))

from model import Dates  # noqa: E402
from spellings import START, example, ids_of, text_of  # noqa: E402

torch.set_num_threads(1)
FORCED = "Friday, the twenty-third of March, nineteen eighty-four"


def load():
    raw = (ROOT / "examples/models/dates/model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    model, state = Dates().double(), {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + size + at for at in entry["data_offsets"])
            state[name] = torch.frombuffer(bytearray(raw[start:end]), dtype=torch.float16).double().view(entry["shape"])
    model.load_state_dict(state)
    return model.eval()


def rounded(x):
    return json.loads(json.dumps(x.tolist()), parse_float=lambda text: float(f"{float(text):.8g}"))


def held_out(count, seed):
    source = random.Random(seed)
    return [example(source, held=True) for _ in range(count)]


def accuracy(model):
    examples = held_out(20000, 4)
    right = 0
    for at in range(0, len(examples), 1000):
        some = examples[at : at + 1000]
        found = model.greedy([one["ids"] for one in some])
        right += sum(text_of(ids) == one["iso"] for one, ids in zip(some, found))
    print(f"{right} of {len(examples)} held-out texts are exact")


def golden(model):
    texts = held_out(50, 3)
    for one, ids in zip(texts, model.greedy([one["ids"] for one in texts])):
        if text_of(ids) != one["iso"]:
            raise SystemExit(f"{one['text']} is {one['iso']}, not {text_of(ids)}")
    source = ids_of(FORCED)
    (found,) = model.greedy([source])
    with torch.no_grad():
        logits, cross = model.decode(torch.tensor([[START, *found[:-1]]]), *model.encode(torch.tensor([source])))
    forced = {"text": FORCED, "ids": found, "logits": rounded(logits[0]), "cross": [rounded(x[0]) for x in cross]}
    named = [{"text": one["text"], "tokens": one["ids"], "date": one["iso"], "aligned": one["aligned"]} for one in texts]
    print(text_of(found), max(logits.abs().flatten().tolist()))
    path = Path(__file__).parent / "dates.json"
    path.write_text(json.dumps({"texts": named, "forced": forced}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    with torch.no_grad():
        accuracy(load()) if "--accuracy" in sys.argv else golden(load())
