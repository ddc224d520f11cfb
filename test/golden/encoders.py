"""Golden data of encoders: `/usr/bin/python3 test/golden/encoders.py` writes a folder of each family.

It needs PyTorch (`apt-get install python3-torch`), takes seconds and gives the same files every time. Each folder holds
the weights of all heads that the family has, under the names of its checkpoints: a test chooses one by the architecture
that it writes into config.json. No two axes have the same size. What differs between the three:

- bert: a table of three token types; names begin with `bert.`; `gamma` and `beta` of old files; eps 1e-12.
- roberta: positions from 2 on; one token type, added to every token; no prefix; eps 1e-5; tanh GELU.
- distilbert: no token types and no pooler; names begin with `distilbert.`.

The forward passes are in float64, text by text, written from the papers' definitions (Vaswani et al. 2017, section 3;
Devlin et al. 2018; Liu et al. 2019; Sanh et al. 2019); nothing of them is shared with the project or with transformers.
"""

import json
import math
from pathlib import Path

import torch
from checkpoint import Checkpoint

WIDTH, HEADS, HIDDEN, LAYERS, ROWS, LABELS = 24, 3, 44, 2, 37, 5
PUNCTUATION = [",", ".", "?", "!"]
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
PIECES = PUNCTUATION + LETTERS + [f"##{letter}" for letter in LETTERS]
TEXTS = ["hello, world!", "a b", "the cat sat on the mat.", "encoders see both ways"]
MASKED = "the MASK sat on MASK mat."
PAIR = ["who sat?", "a cat sat here."]
LABEL_NAMES = ["rain", "sun", "snow", "wind", "fog"]

FAMILIES = {
    "bert": {
        "special": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
        "prefix": "bert.",
        "norm": ("gamma", "beta"),
        "types": 3,
        "first": 0,
        "eps": 1e-12,
        "act": "gelu",
        "seed": 3,
    },
    "roberta": {
        "special": {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"},
        "prefix": "",
        "norm": ("weight", "bias"),
        "types": 1,
        "first": 2,
        "eps": 1e-5,
        "act": "gelu_new",
        "seed": 4,
    },
    "distilbert": {
        "special": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"},
        "prefix": "distilbert.",
        "norm": ("weight", "bias"),
        "types": 0,
        "first": 0,
        "eps": 1e-12,
        "act": "gelu",
        "seed": 5,
    },
}
NAMES = {
    "bert": {
        "layer": "encoder.layer.{}.",
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "o": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    },
    "distilbert": {
        "layer": "transformer.layer.{}.",
        "q": "attention.q_lin",
        "k": "attention.k_lin",
        "v": "attention.v_lin",
        "o": "attention.out_lin",
        "norm1": "sa_layer_norm",
        "up": "ffn.lin1",
        "down": "ffn.lin2",
        "norm2": "output_layer_norm",
    },
}


def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Model:
    """A random model: its weights by their names, and what it computes of a text."""

    def __init__(self, name):
        self.name = name
        self.family = FAMILIES[name]
        self.names = NAMES.get(name, NAMES["bert"])
        self.checkpoint = Checkpoint(self.family["seed"])
        self.weights = {}
        special = self.family["special"]
        self.vocabulary = {token: i for i, token in enumerate([*special.values(), *PIECES])}
        self.act = gelu_tanh if self.family["act"] == "gelu_new" else gelu
        self.make()

    # Weights

    def table(self, name, rows):
        self.weights[name] = self.checkpoint.random(name, [rows, WIDTH], 0.7)

    def dense(self, name, outputs, inputs=WIDTH):
        self.weights[f"{name}.weight"] = self.checkpoint.matrix(f"{name}.weight", [outputs, inputs], 1.5)
        self.weights[f"{name}.bias"] = self.checkpoint.random(f"{name}.bias", [outputs], 0.2)

    def norm_weights(self, name):
        scale, shift = self.family["norm"]
        self.weights[f"{name}.weight"] = self.checkpoint.random(f"{name}.{scale}", [WIDTH], 0.3, 1.0)
        self.weights[f"{name}.bias"] = self.checkpoint.random(f"{name}.{shift}", [WIDTH], 0.2)

    def make(self):
        prefix, types = self.family["prefix"], self.family["types"]
        self.table(f"{prefix}embeddings.word_embeddings.weight", len(self.vocabulary))
        self.table(f"{prefix}embeddings.position_embeddings.weight", ROWS)
        if types > 0:
            self.table(f"{prefix}embeddings.token_type_embeddings.weight", types)
        self.norm_weights(f"{prefix}embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = prefix + self.names["layer"].format(layer)
            for part in ["q", "k", "v", "o"]:
                self.dense(at + self.names[part], WIDTH)
            self.norm_weights(at + self.names["norm1"])
            self.dense(at + self.names["up"], HIDDEN)
            self.dense(at + self.names["down"], WIDTH, HIDDEN)
            self.norm_weights(at + self.names["norm2"])
        vocabulary = len(self.vocabulary)
        if self.name == "bert":
            self.dense("bert.pooler.dense", WIDTH)
            self.dense("cls.predictions.transform.dense", WIDTH)
            self.norm_weights("cls.predictions.transform.LayerNorm")
            self.weights["mlm bias"] = self.checkpoint.random("cls.predictions.bias", [vocabulary], 0.2)
            self.dense("cls.seq_relationship", 2)
            self.dense("classifier", LABELS)
        elif self.name == "roberta":
            self.dense("lm_head.dense", WIDTH)
            self.norm_weights("lm_head.layer_norm")
            self.weights["mlm bias"] = self.checkpoint.random("lm_head.bias", [vocabulary], 0.2)
            self.dense("classifier.dense", WIDTH)
            self.dense("classifier.out_proj", LABELS)
        else:
            self.dense("vocab_transform", WIDTH)
            self.norm_weights("vocab_layer_norm")
            self.weights["mlm bias"] = self.checkpoint.random("vocab_projector.bias", [vocabulary], 0.2)
            self.dense("pre_classifier", WIDTH)
            self.dense("classifier", LABELS)
        self.dense("qa_outputs", 2)
        if self.name == "roberta":  # of tokens: that of texts has two layers
            self.dense("classifier", LABELS)

    # Texts

    def pieces(self, text):
        special = self.family["special"]
        ids = []
        for word in text.replace(",", " , ").replace(".", " . ").replace("?", " ? ").replace("!", " ! ").split():
            if word == "MASK":
                ids.append(self.vocabulary[special["mask"]])
            else:
                ids += [self.vocabulary[letter if i == 0 else f"##{letter}"] for i, letter in enumerate(word)]
        return ids

    def ids(self, text, other=None):
        """Token ids and types: [CLS] a [SEP] b [SEP], of RoBERTa <s> a </s></s> b </s>."""
        cls, sep = (self.vocabulary[self.family["special"][name]] for name in ["cls", "sep"])
        ids = [cls, *self.pieces(text), sep]
        types = [0] * len(ids)
        if other is not None:
            second = [*([sep] if self.name == "roberta" else []), *self.pieces(other), sep]
            ids += second
            types += [1 if self.family["types"] > 1 else 0] * len(second)
        return ids, types

    # The forward pass

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x, name, eps=None):
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred * centred).mean(-1, keepdim=True)
        eps = self.family["eps"] if eps is None else eps
        scaled = centred / torch.sqrt(variance + eps)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attention(self, x, at):
        tokens, width = len(x), WIDTH // HEADS
        q, k, v = (self.linear(x, at + self.names[part]).view(tokens, HEADS, width) for part in ["q", "k", "v"])
        out = torch.zeros(tokens, HEADS, width)
        for head in range(HEADS):
            scores = q[:, head] @ k[:, head].T / math.sqrt(width)
            out[:, head] = torch.softmax(scores, -1) @ v[:, head]
        return self.linear(out.reshape(tokens, WIDTH), at + self.names["o"])

    def layers(self, ids, types):
        """The embedding's output and that of every layer."""
        prefix, first = self.family["prefix"], self.family["first"]
        rows = torch.arange(first, first + len(ids))
        x = self.weights[f"{prefix}embeddings.word_embeddings.weight"][torch.tensor(ids)]
        x = x + self.weights[f"{prefix}embeddings.position_embeddings.weight"][rows]
        if self.family["types"] > 0:
            x = x + self.weights[f"{prefix}embeddings.token_type_embeddings.weight"][torch.tensor(types)]
        x = self.norm(x, f"{prefix}embeddings.LayerNorm")
        states = [x]
        for layer in range(LAYERS):
            at = prefix + self.names["layer"].format(layer)
            x = self.norm(x + self.attention(x, at), at + self.names["norm1"])
            hidden = self.act(self.linear(x, at + self.names["up"]))
            x = self.norm(x + self.linear(hidden, at + self.names["down"]), at + self.names["norm2"])
            states.append(x)
        return states

    # Heads

    def token_logits(self, x):
        words = self.weights[f"{self.family['prefix']}embeddings.word_embeddings.weight"]
        if self.name == "bert":
            y = self.norm(self.act(self.linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform.LayerNorm")
        elif self.name == "roberta":
            y = self.norm(gelu(self.linear(x, "lm_head.dense")), "lm_head.layer_norm")
        else:
            y = self.norm(self.act(self.linear(x, "vocab_transform")), "vocab_layer_norm", 1e-12)
        return y @ words.T + self.weights["mlm bias"]

    def class_logits(self, x):
        first = x[0]
        if self.name == "bert":
            return self.linear(torch.tanh(self.linear(first, "bert.pooler.dense")), "classifier")
        if self.name == "roberta":
            return self.linear(torch.tanh(self.linear(first, "classifier.dense")), "classifier.out_proj")
        return self.linear(torch.relu(self.linear(first, "pre_classifier")), "classifier")

    def label_logits(self, x):
        return self.linear(x, "classifier")

    def answer_logits(self, x):
        return self.linear(x, "qa_outputs")

    def golden(self):
        texts = []
        for text in TEXTS:
            ids, types = self.ids(text)
            texts.append({"text": text, "tokens": ids, "layers": [rounded(x) for x in self.layers(ids, types)]})
        mask = self.family["special"]["mask"]
        ids, types = self.ids(MASKED)
        last = self.layers(ids, types)[-1]
        at = [i for i, id in enumerate(ids) if id == self.vocabulary[mask]]
        masked = {"text": MASKED.replace("MASK", mask), "tokens": ids, "at": at, "logits": rounded(self.token_logits(last)[at])}
        ids, types = self.ids(*PAIR)
        last = self.layers(ids, types)[-1]
        pair = {"texts": PAIR, "tokens": ids, "types": types, "last": rounded(last), "classes": rounded(self.class_logits(last))}
        if "qa_outputs.weight" in self.weights:
            pair["answer"] = rounded(self.linear(last, "qa_outputs"))
        if "classifier.weight" in self.weights:
            pair["labels"] = rounded(self.label_logits(last))
        if self.name == "bert":
            pooled = torch.tanh(self.linear(last[0], "bert.pooler.dense"))
            pair["next"] = rounded(self.linear(pooled, "cls.seq_relationship"))
        return {"texts": texts, "masked": masked, "pair": pair}

    # Files

    def config(self):
        family = self.family
        common = {
            "architectures": [{"bert": "BertModel", "roberta": "RobertaModel", "distilbert": "DistilBertModel"}[self.name]],
            "model_type": self.name,
            "vocab_size": len(self.vocabulary),
            "max_position_embeddings": ROWS,
            "pad_token_id": self.vocabulary[family["special"]["pad"]],
            "id2label": {str(i): name for i, name in enumerate(LABEL_NAMES)},
            "label2id": {name: i for i, name in enumerate(LABEL_NAMES)},
            "problem_type": "single_label_classification",
        }
        if self.name == "distilbert":
            sizes = {"dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": HIDDEN, "activation": family["act"]}
            return {**common, **sizes, "sinusoidal_pos_embds": False}
        return {
            **common,
            "hidden_size": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "intermediate_size": HIDDEN,
            "hidden_act": family["act"],
            "type_vocab_size": family["types"],
            "layer_norm_eps": family["eps"],
            "position_embedding_type": "absolute",
        }

    def tokenizer(self):
        special, ids = self.family["special"], self.vocabulary
        added = [
            {"id": ids[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False}
            | {"normalized": False, "special": True}
            for token in special.values()
        ]
        cls, sep = special["cls"], special["sep"]
        if self.name == "roberta":
            processor = {"type": "RobertaProcessing", "sep": [sep, ids[sep]], "cls": [cls, ids[cls]]}
            processor |= {"trim_offsets": True, "add_prefix_space": False}
        else:
            token = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}
            text = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}
            single = [token(cls, 0), text("A", 0), token(sep, 0)]
            processor = {"type": "TemplateProcessing", "single": single, "pair": [*single, text("B", 1), token(sep, 1)]}
            entry = lambda name: {"id": name, "ids": [ids[name]], "tokens": [name]}
            processor["special_tokens"] = {cls: entry(cls), sep: entry(sep)}
        normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
        normalizer |= {"strip_accents": None, "lowercase": True}
        model = {"type": "WordPiece", "unk_token": special["unk"], "continuing_subword_prefix": "##"}
        model |= {"max_input_chars_per_word": 100, "vocab": ids}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": normalizer,
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": processor,
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": model,
        }

    def write(self):
        folder = Path(__file__).parent / self.name
        folder.mkdir(exist_ok=True)
        self.checkpoint.write(folder / "model.safetensors")
        special = {f"{name}_token": token for name, token in self.family["special"].items()}
        tokenizer_config = {**special, "model_max_length": ROWS - self.family["first"]}
        files = {"config": self.config(), "tokenizer": self.tokenizer(), "tokenizer_config": tokenizer_config}
        for file, content in files.items():
            (folder / f"{file}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        (folder / "golden.json").write_text(json.dumps(self.golden(), separators=(",", ":")) + "\n")


def rounded(x):
    """To nine digits: a hundredth of what f32 resolves."""
    return json.loads(json.dumps(x.tolist()), parse_float=lambda text: float(f"{float(text):.9g}"))


if __name__ == "__main__":
    for name in FAMILIES:
        Model(name).write()
