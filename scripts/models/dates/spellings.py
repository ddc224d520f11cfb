"""Dates in words and in many spellings, each with the words that every character of its ISO form comes from.

Numeric days, months and years are written so that the date is unambiguous: no 03/04/05.
"""

import datetime
import hashlib
import re

FIRST, LAST = datetime.date(1800, 1, 1), datetime.date(2099, 12, 31)
MONTHS = "january february march april may june july august september october november december".split()
SHORT_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
SHORT_WEEKDAYS = "mon tue wed thu fri sat sun".split()
ONES = "one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth".split()
ORDINALS += "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split()
OTHERS = "the of in on year day and oh hundred thousand thirtieth st nd rd th sept".split()
MARKS = ["-", ",", ".", "/"]
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
PAD, START, END, UNKNOWN = range(4)
WORDS = [*MONTHS, *SHORT_MONTHS, *WEEKDAYS, *SHORT_WEEKDAYS, *ONES, *TEENS, *TENS, *ORDINALS, *OTHERS]
TOKENS = [*SPECIAL, *"0123456789", *MARKS, *dict.fromkeys(WORDS)]
IDS = {token: i for i, token in enumerate(TOKENS)}
# Text before and after a date; all words that the model does not know are one token.
BEFORE = ["", "", "", "", "", "", "", "born ", "we met ", "she was born on ", "published: ", "from ", "it happened on "]
AFTER = ["", "", "", "", "", "", "", ".", " at noon", ", we think", " (in Paris)"]


def tokens_of(text):
    """Words, single digits and single marks, in lower case."""
    return re.findall(r"\d|[^\W\d_]+|[^\w\s]", text.lower())


def ids_of(text):
    """The ids of a text, including the token that ends it."""
    return [*(IDS.get(token, UNKNOWN) for token in tokens_of(text)), END]


def text_of(ids):
    """Without special tokens, and without spaces, which the model never writes."""
    return "".join(TOKENS[i] for i in ids if i >= len(SPECIAL))


def held_out(date):
    """Whether a date is held out of training: a tenth of all dates, always the same."""
    return hashlib.sha256(date.isoformat().encode()).digest()[0] < 26


# Parts of a spelling: a list of (text, the characters of YYYYMMDD that it expresses), written one after another.


def digits(text, places):
    """Each digit expresses its place; if there are fewer digits than places, the first one also expresses the zeros."""
    missing = len(places) - len(text)
    return [(text[0], places[: missing + 1]), *((d, [p]) for d, p in zip(text[1:], places[missing + 1 :]))]


def below_hundred(number, places, oh=False):
    """In words; up to nineteen, one word expresses both places."""
    if number < 10:
        return [*([("oh ", places[:1])] if oh else []), (ONES[number - 1], places[1:] if oh else places)]
    if number < 20:
        return [(TEENS[number - 10], places)]
    if number % 10 == 0:
        return [(TENS[number // 10 - 2], places)]
    return [(TENS[number // 10 - 2], places[:1]), ("-", []), (ONES[number % 10 - 1], places[1:])]


def year(random, number):
    places = [0, 1, 2, 3]
    if random.random() < 0.65:
        return digits(str(number), places)
    century, rest = divmod(number, 100)
    if century == 20 and (rest < 10 or random.random() < 0.4):
        thousands = [("two ", [0, 1]), ("thousand", [1] if rest else [1, 2, 3])]
        joint = " and " if random.random() < 0.6 else " "
        return [*thousands, (joint, []), *below_hundred(rest, [2, 3])] if rest else thousands
    hundreds = below_hundred(century, [0, 1])
    if rest == 0:
        return [*hundreds, (" hundred", [2, 3])]
    return [*hundreds, (" ", []), *below_hundred(rest, [2, 3], oh=rest < 10)]


def day(random, number, cardinal=True):
    places = [6, 7]
    kind = random.random()
    if kind < 0.4 and cardinal:
        return digits(f"{number:02}" if random.random() < 0.1 else str(number), places)
    if kind < 0.7:
        suffix = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return [*digits(str(number), places), (suffix, [])]
    if number <= 20:
        return [(ORDINALS[number - 1], places)]
    if number == 30:
        return [("thirtieth", places)]
    joint = "-" if random.random() < 0.8 else " "
    return [(TENS[number // 10 - 2], places[:1]), (joint, []), (ORDINALS[number % 10 - 1], places[1:])]


def month(random, number):
    name = MONTHS[number - 1]
    if random.random() < 0.3:
        name = "sept" if number == 9 and random.random() < 0.5 else SHORT_MONTHS[number - 1]
        return [(name, [4, 5]), *([(".", [])] if name != "may" and random.random() < 0.3 else [])]
    return [(name, [4, 5])]


def weekday(random, date):
    if random.random() < 0.65:
        return []
    name = (WEEKDAYS if random.random() < 0.7 else SHORT_WEEKDAYS)[date.weekday()]
    return [(name, []), (random.choice([", ", " "]), [])]


def spelling(random, date):
    """A spelling of a date: its parts, in order."""
    space, comma = [(" ", [])], [(random.choice([", ", " "]), [])]
    order = random.random()
    if order < 0.12:
        mark = [(random.choice("-/."), [])]
        wide = "{:02}" if random.random() < 0.5 else "{}"
        m, d = digits(wide.format(date.month), [4, 5]), digits(wide.format(date.day), [6, 7])
        parts = [*digits(str(date.year), [0, 1, 2, 3]), *mark, *m, *mark, *d]
    elif order < 0.2:
        parts = [*year(random, date.year), *comma, *month(random, date.month), *space, *day(random, date.day)]
    elif order < 0.26:
        the = [(random.choice([" on the ", ", the "]), [])]
        parts = [("in ", []), *month(random, date.month), *space, *year(random, date.year), *the]
        parts += day(random, date.day, cardinal=False)
    elif order < 0.55:
        the = [(random.choice([" ", " ", " the "]), [])]
        parts = [*weekday(random, date), *month(random, date.month), *the, *day(random, date.day)]
        parts += [(random.choice([", ", " ", ", in the year "]), []), *year(random, date.year)]
    else:
        of = random.choice([("", " "), ("the ", " of "), ("the ", " day of "), ("", " of ")])
        ordinal = of[0] != ""
        parts = [*weekday(random, date), (of[0], []), *day(random, date.day, cardinal=not ordinal), (of[1], [])]
        parts += [*month(random, date.month), *comma, *year(random, date.year)]
    return [(random.choice(BEFORE), []), *parts, (random.choice(AFTER), [])]


def example(random, held=False):
    """A text, its ids, the ISO form, and for each of its ten characters the positions of the ids that express it."""
    while True:
        date = FIRST + datetime.timedelta(days=random.randrange((LAST - FIRST).days + 1))
        if held_out(date) == held:
            break
    parts = spelling(random, date)
    ids, says = [], [[] for _ in range(8)]
    for text, places in parts:
        own = [IDS.get(token, UNKNOWN) for token in tokens_of(text)]
        for place in places:
            says[place] += range(len(ids), len(ids) + len(own))
        ids += own
    text = "".join(text for text, _ in parts)
    if random.random() < 0.3:
        text = text.title() if random.random() < 0.5 else text.upper()
    assert [*ids, END] == ids_of(text), text
    aligned = [*says[:4], [], *says[4:6], [], *says[6:]]
    return {"text": text, "ids": [*ids, END], "iso": date.isoformat(), "aligned": aligned}
