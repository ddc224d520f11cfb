"""Golden data of Marian's tokenizer files: `/usr/bin/python3 test/golden/marian_pieces.py` writes marian-pieces/.

It needs SentencePiece (`apt-get install python3-sentencepiece`), which trains two small models and cuts the texts: what is
expected is that library's. Ids come from vocab.json, which has the pieces of both, as transformers looks them up: a text
begins with the code of a language if there is one, and what no piece is in is looked up as it stands.
"""

import io
import json
import re
from pathlib import Path

import sentencepiece

ENGLISH = """the cat sat on the mat and the dog sat by the door
a small cat sees a big dog and the dog sees the cat
hello world, said the dog to the cat on the mat
the rain in the morning and the sun in the evening
who sat on the mat? the cat, not the dog!"""
GERMAN = """die katze sass auf der matte und der hund sass an der tür
eine kleine katze sieht einen großen hund und der hund sieht die katze
hallo welt, sagte der hund zu der katze auf der matte
der regen am morgen und die sonne am abend
wer sass auf der matte? die katze, nicht der hund!"""
TEXTS = [
    "the cat sat on the mat",
    "  two   spaces,\tand a line\nend  ",
    ">>de<< the dog sat",
    "a größe of 7 dogs",
    "ß and ßé, x",
    "hello world!",
    "zzz",
]


def trained(text, size):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.split("\n")),
        model_writer=model,
        vocab_size=size,
        model_type="unigram",
        normalization_rule_name="identity",
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def main():
    files = {"source": trained(ENGLISH, 42), "target": trained(GERMAN, 46)}
    models = {name: sentencepiece.SentencePieceProcessor(model_proto=model) for name, model in files.items()}
    pieces = {model.id_to_piece(i) for model in models.values() for i in range(len(model))} - {"</s>", "<unk>"}
    order = ["</s>", "<unk>", *sorted(pieces, key=lambda piece: (len(piece), piece)), ">>de<<", ">>nl<<", "<pad>"]
    vocabulary = {piece: i for i, piece in enumerate(order)}

    def ids(text):
        code = re.match(">>.+<<", text)
        found = [code.group(0)] if code else []
        found += models["source"].encode(text[code.end() :] if code else text, out_type=str)
        return [*(vocabulary.get(piece, 1) for piece in found), 0]

    def decoded(text):
        cut = models["target"].encode(text, out_type=str)
        known = [piece for piece in cut if piece in vocabulary]
        return {"ids": [vocabulary[piece] for piece in known], "text": models["target"].decode_pieces(known)}

    golden = {
        "source": [{"text": text, "ids": ids(text), "pieces": models["source"].encode(text, out_type=str)} for text in TEXTS],
        "target": [decoded(text) for text in GERMAN.split("\n")],
    }
    folder = Path(__file__).parent / "marian-pieces"
    folder.mkdir(exist_ok=True)
    for name, model in files.items():
        (folder / f"{name}.spm").write_bytes(model)
    for name, content in {"vocab": vocabulary, "golden": golden}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print({text["text"]: text["pieces"] for text in golden["source"]})


main()
