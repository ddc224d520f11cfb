"""What the golden data of encoder-decoders have in common: pieces of text, greedy tokens, beams and the files of a folder.

Beams are searched for by the rules of transformers 5 (generation/utils.py, `_beam_search`), written out source by source:

1. The scores of a beam's next tokens are its own plus log softmax of the logits; what is forbidden or forced is so after
   the log softmax, and a model that says `renormalize_logits` has a second log softmax after that.
2. Of all beams' tokens the best (1 + end tokens) x beams, at least 2 x beams, are taken, ties to the lower beam and token.
3. Those that end a text are results if they are among the first `beams`; the best `beams` of the others go on.
4. A result's score is its sum divided by its number of tokens, with the end and without the start, to `length_penalty`.
5. The search ends at the greatest length, when `early_stopping` is true and there are `beams` results, or when the best
   beam could not be better than the worst of `beams` results: at its own length, or at the greatest one where
   `early_stopping` is "never" and the penalty positive. At the greatest length the first `beams` all become results.
"""

import json
import math
from pathlib import Path

import torch

torch.set_num_threads(1)  # of matrices this small, threads take longer

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
# Pieces and their log probabilities: no two ways of a text have equal sums.
PIECES = [
    *[(letter, -5.0 - 0.37 * i**0.9) for i, letter in enumerate(LETTERS)],
    *[(mark, -4.0 - 0.61 * i) for i, mark in enumerate([",", ".", "?", "!", "-"])],
    *[("▁", -2.13), ("▁the", -3.3), ("the", -6.91), ("at", -5.87), ("▁s", -4.71), ("▁a", -4.43), ("ing", -6.03)],
]
TOKENS = 20


def best_pieces(word, pieces):
    """The way through a word whose log probabilities sum to most; undefined characters are `None`."""
    best = [(0.0, [])] + [(-math.inf, [])] * len(word)
    unknown = min(score for _, score in pieces) - 10
    table = dict(pieces)
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece = word[start:end]
            known = piece in table
            if not known and end - start > 1:
                continue
            score = best[start][0] + (table[piece] if known else unknown)
            if score > best[end][0]:
                best[end] = (score, best[start][1] + [piece if known else None])
    return best[-1][1]


def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def attend(q, k, v, heads, scale=1.0, bias=None):
    """Of `[t, heads x width]`: values weighted by the softmax of scores, and the weights `[heads, t, keys]`."""
    q, k, v = (x.view(len(x), heads, -1) for x in (q, k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) * scale
    weights = torch.softmax(scores if bias is None else scores + bias, -1)
    return torch.einsum("hqk,khd->qhd", weights, v).reshape(len(q), -1), weights


def hidden_future(tokens):
    """-inf where a key is after its query."""
    return torch.full([tokens, tokens], -math.inf).triu(1)


class Rules:
    """What generation forbids and forces: a score of each token that may come after `ids`."""

    def __init__(self, vocabulary, end, start, forbidden=(), first=None, last=None, renormalize=False):
        self.vocabulary, self.end, self.start = vocabulary, end, start
        self.forbidden, self.first, self.last, self.renormalize = list(forbidden), first, last, renormalize

    def scores(self, logits, ids, limit, ngram=0):
        """Log probabilities after the rules; `ids` begin with the start token, `limit` counts without it."""
        scores = torch.log_softmax(logits, -1)
        if ngram > 0 and len(ids) + 1 >= ngram:
            before = ids[len(ids) - ngram + 1 :] if ngram > 1 else []
            for at in range(len(ids) - ngram + 1):
                if ids[at : at + ngram - 1] == before:
                    scores[ids[at + ngram - 1]] = -math.inf
        scores[self.forbidden] = -math.inf
        forced = self.first if len(ids) == 1 and self.first is not None else None
        forced = self.last if len(ids) == limit and self.last is not None else forced
        if forced is not None:
            scores = torch.full_like(scores, -math.inf)
            scores[forced] = 0.0
        return torch.log_softmax(scores, -1) if self.renormalize else scores


def greedy(rules, logits_of, limit=TOKENS, ngram=0):
    """Ids without the start token up to the end token or `limit`, and how far each was from the next best."""
    ids, margins = [rules.start], []
    while len(ids) <= limit:
        scores = rules.scores(logits_of(ids), ids, limit, ngram)
        best, second = scores.topk(2).values.tolist()
        margins.append(min(best - second, 1e3))
        ids.append(scores.argmax().item())
        if ids[-1] == rules.end:
            break
    return ids[1:], margins


def beam_search(rules, logits_of, beams, length_penalty=1.0, early_stopping=False, ngram=0, limit=TOKENS):
    """Results `(score, ids)`, best first, and the smallest distance of two scores whose order decided something."""
    live, results, gap = [(0.0, [rules.start])], [], math.inf
    going_on = True
    while going_on:
        candidates = []
        for beam, (total, ids) in enumerate(live):
            scores = rules.scores(logits_of(ids), ids, limit, ngram) + total
            candidates += [(-score, beam, token) for token, score in enumerate(scores.tolist()) if score > -math.inf]
        candidates.sort()
        kept = candidates[: 2 * beams]
        if len(candidates) > beams:
            gap = min(gap, candidates[beams][0] - candidates[beams - 1][0])
        length = len(live[0][1])  # of the candidates, without the start token
        following = []
        for rank, (negative, beam, token) in enumerate(kept):
            ids = [*live[beam][1], token]
            if token != rules.end and length < limit:
                following.append((-negative, ids))
            elif rank < beams:
                results.append((-negative / length**length_penalty, ids[1:]))
        results = sorted(results, key=lambda result: -result[0])[:beams]
        if len(following) > beams:
            gap = min(gap, following[beams - 1][0] - following[beams][0])
        live = following[:beams]
        if length == limit or not live:
            break
        full = len(results) == beams
        if full and early_stopping is True:
            break
        reach = limit if early_stopping == "never" and length_penalty > 0 else length
        if full:
            lead = live[0][0] / reach**length_penalty - results[-1][0]
            gap, going_on = min(gap, abs(lead)), lead > 0
    scores = [score for score, _ in results]
    gap = min([gap, *(a - b for a, b in zip(scores, scores[1:]))])
    return results, gap


BEAMS = [
    {},
    {"length_penalty": 2.0, "early_stopping": True},
    {"length_penalty": -0.5},
    {"length_penalty": 0.6, "early_stopping": "never"},
    {"ngram": 2},
]
SPELLED = {"length_penalty": "lengthPenalty", "early_stopping": "earlyStopping", "ngram": "noRepeatNgram"}


def golden(name, model, texts, forced, rows, beam_texts=(0, 1, 2)):
    """
    What golden.json holds of a model: states of the encoder, logits and cross weights, greedy tokens, and beams. Refuses
    models whose choices could turn on rounding, and leaves out searches that could.
    """
    entries, least, used, ended, searched = [], math.inf, set(), 0, 0
    for index, text in enumerate(texts):
        ids = model.ids(text)
        layers, states = model.encode(ids)
        decode = lambda given: model.decode(given, states)[0][-1]
        tokens, margins = greedy(model.rules, decode)
        least, used = min(least, *margins), used | set(tokens)
        ended += len(tokens) < TOKENS
        entry = {"text": text, "tokens": ids, "states": rounded(states)}
        if index == 0:
            entry["layers"] = [rounded(x) for x in layers]
        entry["greedy"] = {"ids": tokens, "margins": [float(f"{margin:.3g}") for margin in margins]}
        entry["greedy"]["text"] = model.text(tokens)
        if index in beam_texts:
            entry["beams"] = []
            for settings in BEAMS:
                results, gap = beam_search(model.rules, decode, 4, **settings)
                if gap < 1e-4:
                    continue
                searched += 1
                spelled = {SPELLED[name]: value for name, value in settings.items()}
                found = [{"ids": ids, "score": float(f"{score:.9g}")} for score, ids in results]
                entry["beams"].append({"options": {"beams": 4, **spelled}, "results": found})
        entries.append(entry)
    _, states = model.encode(model.ids(texts[0]))
    logits, cross = model.decode(forced, states)
    shown = {"ids": forced, "rows": rows, "logits": rounded(logits[rows]), "cross": [rounded(x[:, rows]) for x in cross]}
    print(f"{name}: margin {least:.4f}, {len(used)} tokens differ, {ended} of {len(texts)} end, {searched} searches")
    if least < 3e-3 or searched < 8:
        raise SystemExit("choose another seed")
    return {"texts": entries, "forced": shown}


def rounded(x):
    """To nine digits: a hundredth of what f32 resolves."""
    return json.loads(json.dumps(x.tolist()), parse_float=lambda text: float(f"{float(text):.9g}"))


def write(name, model, data):
    """Writes a folder: the weights, the JSON files, and golden.json on a line."""
    folder = Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    model.checkpoint.write(folder / "model.safetensors")
    for file, content in model.files().items():
        (folder / f"{file}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
