"""Golden data of encoders' heads: `/usr/bin/python3 test/golden/heads.py` writes heads.json into the folder of each family.

It computes on the weights that encoders.py and later_encoders.py make, in float64, what the pipelines of Hugging Face give: probabilities of
masked tokens, scores of labels, answers, sparse vectors. Written from their definitions; nothing is shared with the
project or with transformers.
"""

import json
from pathlib import Path

import torch
from encoders import MASKED, PAIR, Model, rounded
from later_encoders import Gte, ModernBert, MPNet

TEXT = "the cat sat on the mat."
QUESTION = "who sat?"
CONTEXT = "a cat sat."
LONG = "a cat sat, a dog ran. the fox hid! who saw it? no one did, they say."
CLASSES = ["urgent", "not so", "tv"]
TEMPLATE = "{}?"
LONGEST, STRIDE = 384, 128


def tokens_of(model, text):
    """Tokens of a text with the characters and the word that each stands for."""
    found, word, at = [], -1, 0
    for i, character in enumerate(text):
        if character == " ":
            continue
        letter = character.isalpha()
        begins = i == 0 or not letter or not text[i - 1].isalpha()
        word += begins
        piece = character.lower() if begins else f"##{character.lower()}"
        found.append((model.vocabulary[piece], i, i + 1, word))
    return found


def states(model, text, other=None):
    ids, types = model.ids(text.lower(), None if other is None else other.lower())
    return model.layers(ids, types)[-1]


def masked(model):
    mask = model.family["special"]["mask"]
    ids, types = model.ids(MASKED)
    logits = model.token_logits(model.layers(ids, types)[-1])
    at = [i for i, id in enumerate(ids) if id == model.vocabulary[mask]]
    found = []
    for row in torch.softmax(logits[at], -1):
        values, best = row.topk(5)
        found.append([{"id": id, "probability": p} for id, p in zip(best.tolist(), rounded(values))])
    return {"text": MASKED.replace("MASK", mask), "masks": found, "logits": rounded(logits[at])}


def classes(model, *texts):
    logits = model.class_logits(states(model, *texts))
    first = logits[:1]
    return {
        "texts": texts,
        "logits": rounded(logits),
        "softmax": rounded(torch.softmax(logits, -1)),
        "sigmoid": rounded(torch.sigmoid(logits)),
        "alone": rounded(torch.sigmoid(first)),  # a head with the first label only
    }


def labels(model):
    logits = model.label_logits(states(model, TEXT))[1:-1]
    scores, best = torch.softmax(logits, -1).max(-1)
    found = tokens_of(model, TEXT)
    return [
        {"start": start, "end": end, "label": label, "score": score}
        for (_, start, end, _), label, score in zip(found, best.tolist(), rounded(scores))
    ]


def sparse(model):
    logits = model.token_logits(states(model, TEXT))
    weights = torch.log1p(torch.relu(logits)).max(0).values
    return {"text": TEXT, "weights": rounded(weights)}


def zero_shot(model):
    """The third label of the head entails, the first contradicts."""
    logits = torch.stack([model.class_logits(states(model, "the cat", TEMPLATE.replace("{}", c))) for c in CLASSES])
    against = torch.softmax(logits[:, [0, 2]], -1)[:, 1]
    return {
        "text": "the cat",
        "labels": CLASSES,
        "template": TEMPLATE,
        "exclusive": rounded(torch.softmax(logits[:, 2], -1)),
        "independent": rounded(against),
    }


def answer(model, context, most, null):
    """The range of the largest product, by windows, from the first character of its first word to the last of its last."""
    rows = 37 - model.family["first"]
    longest = min(rows, LONGEST)
    stride = min(longest // 2, STRIDE)
    question, passage = tokens_of(model, QUESTION), tokens_of(model, context)
    ids, types = model.ids(QUESTION, context)
    first = len(ids) - len(passage) - 1
    room = longest - (len(ids) - len(passage))
    assert stride < room and len(question) > 0
    candidates, nulls, begin = [], [], 0
    while True:
        end = min(begin + room, len(passage))
        window = slice(first + begin, first + end)
        part = ids[:first] + ids[window] + ids[-1:]
        part_types = types[:first] + types[window] + types[-1:]
        logits = model.answer_logits(model.layers(part, part_types)[-1])
        allowed = torch.zeros(len(part), dtype=torch.bool)
        allowed[0] = True
        allowed[first : first + end - begin] = True
        starts, ends = (torch.softmax(logits[:, i].masked_fill(~allowed, -torch.inf), -1) for i in [0, 1])
        nulls.append((starts[0] * ends[0]).item())
        best = max(
            (
                ((starts[first + s] * ends[first + e]).item(), s, e)
                for s in range(end - begin)
                for e in range(s, min(end - begin, s + most))
            ),
            key=lambda candidate: candidate[0],
        )
        tokens = passage[begin:end]
        score, s, e = best
        at = min(start for _, start, _, word in tokens if word == tokens[s][3])
        to = max(stop for _, _, stop, word in tokens if word == tokens[e][3])
        candidates.append({"answer": context[at:to], "start": at, "end": to, "score": score})
        if end == len(passage):
            break
        begin += room - stride
    if null:
        candidates.append({"answer": "", "start": 0, "end": 0, "score": min(nulls)})
    found = max(candidates, key=lambda candidate: candidate["score"])
    return {"context": context, "maxTokens": most, "nullAnswer": null, "windows": len(nulls), "answer": found}


MODELS = {"bert": Model, "roberta": Model, "distilbert": Model, "mpnet": MPNet, "modernbert": ModernBert, "new": Gte}
for name, kind in MODELS.items():
    model = kind(name)
    golden = {
        "masked": masked(model),
        "classes": [classes(model, TEXT), classes(model, *PAIR)],
        "tokens": {"text": TEXT, "tokens": labels(model)},
        "zeroShot": zero_shot(model),
        "sparse": sparse(model),
        "answers": {
            "question": QUESTION,
            "found": [
                answer(model, CONTEXT, 15, False),
                answer(model, CONTEXT, 2, False),
                answer(model, CONTEXT, 1, True),
                answer(model, LONG, 15, False),
                answer(model, LONG, 15, True),
            ],
        },
    }
    if name == "bert":
        pooled = torch.tanh(model.linear(states(model, *PAIR)[0], "bert.pooler.dense"))
        golden["next"] = rounded(torch.softmax(model.linear(pooled, "cls.seq_relationship"), -1))
    (Path(__file__).parent / name / "heads.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
