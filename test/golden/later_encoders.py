"""Golden data of MPNet, ModernBERT and gte v1.5, and of vectors: `/usr/bin/python3 test/golden/later_encoders.py`.

As encoders.py, whose families come first. What differs here:

- mpnet: positions from 2 on, no token types, a bias of each head by buckets of distances, after the scale; the folder is
  one of sentence-transformers: two poolings without the prompt's tokens, a dense layer, vectors of length 1, prompts.
- modernbert: norms before, none before the first attention, a final one; rotary positions by two bases; windows of two
  layers of three; GeGLU, the first half activated; no biases.
- new (gte v1.5): rotary positions stretched by a factor; GeGLU, the second half activated; one projection of q, k and v.

The forward passes are written from Song et al. 2020, Warner et al. 2024, Zhang et al. 2024 (mGTE), Raffel et al. 2019
(buckets, section 2.1) and Su et al. 2021 (rotary positions). Vectors by the definitions of sentence-transformers' modules.
"""

import json
import math
from pathlib import Path

import torch
from checkpoint import Checkpoint
from encoders import FAMILIES, HEADS, HIDDEN, LABELS, NAMES, PAIR, ROWS, TEXTS, WIDTH, Model, gelu, rounded

BERT_TOKENS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
BUCKETS, FARTHEST = 32, 128
WINDOW = 3  # on either side
DENSE = 20
MOST_TOKENS = 17
PROMPTS = {"query": "ask, ", "passage": "text. "}

FAMILIES.update(
    {
        "mpnet": {
            "special": {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "[UNK]", "mask": "<mask>"},
            "prefix": "mpnet.",
            "norm": ("weight", "bias"),
            "types": 0,
            "first": 2,
            "eps": 1e-5,
            "act": "gelu",
            "seed": 6,
        },
        "modernbert": {
            "special": BERT_TOKENS,
            "prefix": "model.",
            "norm": ("weight", "bias"),
            "types": 0,
            "first": 0,
            "eps": 1e-5,
            "act": "gelu",
            "seed": 7,
        },
        "new": {
            "special": BERT_TOKENS,
            "prefix": "new.",
            "norm": ("weight", "bias"),
            "types": 1,
            "first": 0,
            "eps": 1e-12,
            "act": "gelu",
            "seed": 8,
        },
    }
)
NAMES["mpnet"] = {
    "layer": "encoder.layer.{}.",
    "q": "attention.attn.q",
    "k": "attention.attn.k",
    "v": "attention.attn.v",
    "o": "attention.attn.o",
    "norm1": "attention.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def bucket(distance):
    """Of key minus query, in both directions."""
    half, side = BUCKETS // 2, BUCKETS // 2 if distance > 0 else 0
    n, exact = abs(distance), BUCKETS // 4
    if n < exact:
        return side + n
    return side + min(half - 1, exact + int(math.log(n / exact) / math.log(FARTHEST / exact) * (half - exact)))


def rotated(x, frequencies):
    """Heads `[t, h, d]`, element i together with i + d/2."""
    angles = torch.arange(len(x))[:, None] * frequencies[None, :]
    cos, sin = angles.cos()[:, None, :], angles.sin()[:, None, :]
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def frequencies(base, width=WIDTH // HEADS):
    return torch.tensor([base ** (-2 * i / width) for i in range(width // 2)])


class Later(Model):
    """A family with attention of its own."""

    layer_count = 2

    def attend(self, q, k, v, bias=None):
        """Heads `[t, h, d]`; a bias `[h, t, t]` is added after the scale."""
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(q.shape[-1])
        weights = torch.softmax(scores if bias is None else scores + bias, -1)
        return torch.einsum("hqk,khd->qhd", weights, v).reshape(len(q), WIDTH)

    def heads(self, x):
        return x.view(len(x), HEADS, WIDTH // HEADS)


class MPNet(Later):
    def make(self):
        prefix = self.family["prefix"]
        self.table(f"{prefix}embeddings.word_embeddings.weight", len(self.vocabulary))
        self.table(f"{prefix}embeddings.position_embeddings.weight", ROWS)
        self.norm_weights(f"{prefix}embeddings.LayerNorm")
        for layer in range(self.layer_count):
            at = prefix + self.names["layer"].format(layer)
            for part in ["q", "k", "v", "o"]:
                self.dense(at + self.names[part], WIDTH)
            self.norm_weights(at + self.names["norm1"])
            self.dense(at + self.names["up"], HIDDEN)
            self.dense(at + self.names["down"], WIDTH, HIDDEN)
            self.norm_weights(at + self.names["norm2"])
        name = f"{prefix}encoder.relative_attention_bias.weight"
        self.weights[name] = self.checkpoint.random(name, [BUCKETS, HEADS], 1.0)
        self.dense("lm_head.dense", WIDTH)
        self.norm_weights("lm_head.layer_norm")
        self.weights["mlm bias"] = self.checkpoint.random("lm_head.bias", [len(self.vocabulary)], 0.2)
        self.dense("classifier.dense", WIDTH)
        self.dense("classifier.out_proj", LABELS)
        self.dense("qa_outputs", 2)
        self.dense("classifier", LABELS)  # of tokens

    def ids(self, text, other=None):
        """<s> a </s></s> b </s>."""
        cls, sep = (self.vocabulary[self.family["special"][name]] for name in ["cls", "sep"])
        ids = [cls, *self.pieces(text), sep]
        if other is not None:
            ids += [sep, *self.pieces(other), sep]
        return ids, [0] * len(ids)

    def attention(self, x, at):
        q, k, v = (self.heads(self.linear(x, at + self.names[part])) for part in ["q", "k", "v"])
        table = self.weights[f"{self.family['prefix']}encoder.relative_attention_bias.weight"]
        buckets = torch.tensor([[bucket(key - query) for key in range(len(x))] for query in range(len(x))])
        return self.linear(self.attend(q, k, v, table[buckets].permute(2, 0, 1)), at + self.names["o"])

    def token_logits(self, x):
        words = self.weights[f"{self.family['prefix']}embeddings.word_embeddings.weight"]
        y = self.norm(gelu(self.linear(x, "lm_head.dense")), "lm_head.layer_norm")
        return y @ words.T + self.weights["mlm bias"]

    def class_logits(self, x):
        return self.linear(torch.tanh(self.linear(x[0], "classifier.dense")), "classifier.out_proj")

    def config(self):
        sizes = {"hidden_size": WIDTH, "num_hidden_layers": self.layer_count, "num_attention_heads": HEADS}
        sizes |= {"intermediate_size": HIDDEN, "hidden_act": "gelu", "layer_norm_eps": self.family["eps"]}
        common = {"architectures": ["MPNetModel"], "model_type": "mpnet", "vocab_size": len(self.vocabulary)}
        common |= {"max_position_embeddings": ROWS, "pad_token_id": 1, "relative_attention_num_buckets": BUCKETS}
        return {**common, **sizes, **labels()}

    def tokenizer(self):
        tokenizer, special, ids = super().tokenizer(), self.family["special"], self.vocabulary
        cls, sep = special["cls"], special["sep"]
        processor = {"type": "RobertaProcessing", "sep": [sep, ids[sep]], "cls": [cls, ids[cls]]}
        return tokenizer | {"post_processor": processor | {"trim_offsets": True, "add_prefix_space": False}}


class ModernBert(Later):
    layer_count = 3
    every = 2

    def norm_weights(self, name):
        self.weights[f"{name}.weight"] = self.checkpoint.norm(f"{name}.weight", WIDTH)

    def dense(self, name, outputs, inputs=WIDTH):
        self.weights[f"{name}.weight"] = self.checkpoint.matrix(f"{name}.weight", [outputs, inputs], 1.5)

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T

    def norm(self, x, name, eps=None):
        self.weights.setdefault(f"{name}.bias", torch.zeros(WIDTH))
        return super().norm(x, name, eps)

    def make(self):
        self.table("model.embeddings.tok_embeddings.weight", len(self.vocabulary))
        self.norm_weights("model.embeddings.norm")
        for layer in range(self.layer_count):
            at = f"model.layers.{layer}."
            if layer > 0:
                self.norm_weights(f"{at}attn_norm")
            self.dense(f"{at}attn.Wqkv", 3 * WIDTH)
            self.dense(f"{at}attn.Wo", WIDTH)
            self.norm_weights(f"{at}mlp_norm")
            self.dense(f"{at}mlp.Wi", 2 * HIDDEN)
            self.dense(f"{at}mlp.Wo", WIDTH, HIDDEN)
        self.norm_weights("model.final_norm")
        self.dense("head.dense", WIDTH)
        self.norm_weights("head.norm")
        self.weights["mlm bias"] = self.checkpoint.random("decoder.bias", [len(self.vocabulary)], 0.2)
        self.dense("classifier", LABELS)
        self.weights["classifier bias"] = self.checkpoint.random("classifier.bias", [LABELS], 0.2)

    def layers(self, ids, types):
        x = self.norm(self.weights["model.embeddings.tok_embeddings.weight"][torch.tensor(ids)], "model.embeddings.norm")
        states = [x]
        places = torch.arange(len(ids))
        for layer in range(self.layer_count):
            at, local = f"model.layers.{layer}.", layer % self.every != 0
            y = x if layer == 0 else self.norm(x, f"{at}attn_norm")
            q, k, v = (self.heads(part) for part in self.linear(y, f"{at}attn.Wqkv").chunk(3, -1))
            q, k = (rotated(one, frequencies(700 if local else 9000)) for one in (q, k))
            hidden = (places[:, None] - places[None, :]).abs() > (WINDOW if local else len(ids))
            bias = torch.zeros(len(ids), len(ids)).masked_fill(hidden, -math.inf)
            x = x + self.linear(self.attend(q, k, v, bias), f"{at}attn.Wo")
            active, factor = self.linear(self.norm(x, f"{at}mlp_norm"), f"{at}mlp.Wi").chunk(2, -1)
            x = x + self.linear(gelu(active) * factor, f"{at}mlp.Wo")
            states.append(x)
        states[-1] = self.norm(x, "model.final_norm")
        return states

    def transformed(self, x):
        return self.norm(gelu(self.linear(x, "head.dense")), "head.norm")

    def token_logits(self, x):
        words = self.weights["model.embeddings.tok_embeddings.weight"]
        return self.transformed(x) @ words.T + self.weights["mlm bias"]

    def class_logits(self, x):
        return self.label_logits(x.mean(0))

    def label_logits(self, x):
        return self.linear(self.transformed(x), "classifier") + self.weights["classifier bias"]

    def answer_logits(self, x):
        """Those of the labels, of which a head for answers has two."""
        return self.label_logits(x)[..., :2]

    def config(self):
        sizes = {"hidden_size": WIDTH, "num_hidden_layers": self.layer_count, "num_attention_heads": HEADS}
        sizes |= {"intermediate_size": HIDDEN, "hidden_activation": "gelu", "norm_eps": self.family["eps"]}
        common = {"architectures": ["ModernBertModel"], "model_type": "modernbert", "vocab_size": len(self.vocabulary)}
        common |= {"max_position_embeddings": ROWS, "pad_token_id": 0, "classifier_pooling": "mean"}
        common |= {"global_attn_every_n_layers": self.every, "local_attention": 2 * WINDOW}
        common |= {"global_rope_theta": 9000.0, "local_rope_theta": 700.0}
        common |= {"attention_bias": False, "mlp_bias": False, "norm_bias": False}
        return {**common, **sizes, **labels()}


class Gte(Later):
    base, factor = 500.0, 3.0

    def bare(self, name, outputs, inputs=WIDTH):
        self.weights[f"{name}.weight"] = self.checkpoint.matrix(f"{name}.weight", [outputs, inputs], 1.5)

    def make(self):
        self.table("new.embeddings.word_embeddings.weight", len(self.vocabulary))
        self.table("new.embeddings.token_type_embeddings.weight", self.family["types"])
        self.norm_weights("new.embeddings.LayerNorm")
        for layer in range(self.layer_count):
            at = f"new.encoder.layer.{layer}."
            self.dense(f"{at}attention.qkv_proj", 3 * WIDTH)
            self.dense(f"{at}attention.o_proj", WIDTH)
            self.norm_weights(f"{at}attn_ln")
            self.bare(f"{at}mlp.up_gate_proj", 2 * HIDDEN)
            self.dense(f"{at}mlp.down_proj", WIDTH, HIDDEN)
            self.norm_weights(f"{at}mlp_ln")
        self.dense("new.pooler.dense", WIDTH)
        self.dense("classifier", LABELS)
        self.dense("lm_head.dense", WIDTH)
        self.norm_weights("lm_head.norm")
        self.weights["mlm bias"] = self.checkpoint.random("lm_head.decoder.bias", [len(self.vocabulary)], 0.2)
        self.dense("qa_outputs", 2)

    def layers(self, ids, types):
        x = self.weights["new.embeddings.word_embeddings.weight"][torch.tensor(ids)]
        x = x + self.weights["new.embeddings.token_type_embeddings.weight"][torch.tensor(types)]
        x = self.norm(x, "new.embeddings.LayerNorm")
        states = [x]
        width = WIDTH // HEADS
        turns = frequencies(self.base * self.factor) / self.factor ** (2 / width)
        for layer in range(self.layer_count):
            at = f"new.encoder.layer.{layer}."
            q, k, v = (self.heads(part) for part in self.linear(x, f"{at}attention.qkv_proj").chunk(3, -1))
            attended = self.attend(rotated(q, turns), rotated(k, turns), v)
            x = self.norm(x + self.linear(attended, f"{at}attention.o_proj"), f"{at}attn_ln")
            factor, active = (x @ self.weights[f"{at}mlp.up_gate_proj.weight"].T).chunk(2, -1)
            x = self.norm(x + self.linear(factor * gelu(active), f"{at}mlp.down_proj"), f"{at}mlp_ln")
            states.append(x)
        return states

    def token_logits(self, x):
        words = self.weights["new.embeddings.word_embeddings.weight"]
        return self.norm(gelu(self.linear(x, "lm_head.dense")), "lm_head.norm") @ words.T + self.weights["mlm bias"]

    def class_logits(self, x):
        return self.linear(torch.tanh(self.linear(x[0], "new.pooler.dense")), "classifier")

    def golden(self):
        ids, types = self.ids(*PAIR)
        last = self.layers(ids, types)[-1]
        pair = {"texts": PAIR, "tokens": ids, "types": types, "last": rounded(last)}
        pair["classes"] = rounded(self.class_logits(last))
        return {"texts": [self.golden_text(text) for text in TEXTS], "pair": pair}

    def golden_text(self, text):
        ids, types = self.ids(text)
        return {"text": text, "tokens": ids, "layers": [rounded(x) for x in self.layers(ids, types)]}

    def config(self):
        sizes = {"hidden_size": WIDTH, "num_hidden_layers": self.layer_count, "num_attention_heads": HEADS}
        sizes |= {"intermediate_size": HIDDEN, "hidden_act": "gelu", "layer_norm_eps": self.family["eps"]}
        common = {"architectures": ["NewModel"], "model_type": "new", "vocab_size": len(self.vocabulary)}
        common |= {"max_position_embeddings": ROWS, "pad_token_id": 0, "type_vocab_size": self.family["types"]}
        common |= {"position_embedding_type": "rope", "layer_norm_type": "layer_norm", "pack_qkv": True}
        common |= {"rope_theta": self.base, "rope_scaling": {"type": "ntk", "factor": self.factor}}
        return {**common, **sizes, **labels()}


def labels():
    names = ["rain", "sun", "snow", "wind", "fog"]
    return {"id2label": {str(i): name for i, name in enumerate(names)}, "problem_type": "single_label_classification"}


# Vectors


def pooled(x, skipped=0):
    """By every way; the first `skipped` tokens do not count in those that count tokens."""
    mask = (torch.arange(len(x)) >= skipped).double()[:, None]
    weights = torch.arange(1, len(x) + 1).double()[:, None] * mask
    return {
        "cls": x[0],
        "max": x.masked_fill(mask == 0, -1e9).max(0).values,
        "mean": (x * mask).sum(0) / mask.sum(),
        "mean_sqrt_len": (x * mask).sum(0) / mask.sum().sqrt(),
        "weightedmean": (x * weights).sum(0) / weights.sum(),
        "lasttoken": x[-1],
    }


def write_pooled(model):
    """Vectors of the texts as they are, and after a prompt whose tokens do not count."""
    texts = []
    for text in TEXTS:
        entry = {"text": text}
        for name, prompt in [("plain", ""), ("after", PROMPTS["query"])]:
            ids, types = model.ids((prompt + text).strip())
            skipped = len(model.ids(prompt.strip())[0]) - 1 if prompt else 0
            vectors = pooled(model.layers(ids, types)[-1], skipped)
            entry[name] = {"tokens": len(ids), "pooled": {mode: rounded(vector) for mode, vector in vectors.items()}}
        texts.append(entry)
    path = Path(__file__).parent / model.name / "pooled.json"
    path.write_text(json.dumps({"prompt": PROMPTS["query"], "texts": texts}, separators=(",", ":")) + "\n")


def write_sentence(model):
    """The files of sentence-transformers beside a model's own, and the vectors of texts."""
    folder = Path(__file__).parent / model.name
    python = "sentence_transformers.models."
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"), ("3_Normalize", "Normalize")]
    dense = Checkpoint(9)
    weight = dense.matrix("linear.weight", [DENSE, 2 * WIDTH], 1.5)
    bias = dense.random("linear.bias", [DENSE], 0.2)
    files = {
        "modules": [{"idx": i, "name": str(i), "path": path, "type": python + kind} for i, (path, kind) in enumerate(modules)],
        "sentence_bert_config": {"max_seq_length": MOST_TOKENS, "do_lower_case": False},
        "config_sentence_transformers": {"prompts": PROMPTS, "default_prompt_name": "passage", "similarity_fn_name": "cosine"},
        "1_Pooling/config": {
            "word_embedding_dimension": WIDTH,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": True,
            "pooling_mode_mean_sqrt_len_tokens": False,
            "include_prompt": False,
        },
        "2_Dense/config": {
            "in_features": 2 * WIDTH,
            "out_features": DENSE,
            "bias": True,
            "activation_function": "torch.nn.modules.activation.Tanh",
        },
    }
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
    dense.write(folder / "2_Dense" / "model.safetensors")
    goldens = []
    for text in TEXTS:
        for prompt_name in [None, "query"]:
            prompt = PROMPTS[prompt_name or "passage"]
            ids, types = model.ids((prompt + text).strip())
            kept = ids if len(ids) <= MOST_TOKENS else [*ids[: MOST_TOKENS - 1], ids[-1]]
            vectors = pooled(model.layers(kept, types[: len(kept)])[-1], len(model.ids(prompt.strip())[0]) - 1)
            y = torch.tanh(torch.cat([vectors["max"], vectors["mean"]]) @ weight.T + bias)
            entry = {"text": text, "promptName": prompt_name, "tokens": len(kept), "vector": rounded(y / y.norm())}
            goldens.append(entry)
    (folder / "sentence.json").write_text(json.dumps(goldens, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    for family in [MPNet("mpnet"), ModernBert("modernbert"), Gte("new")]:
        family.write()
        write_pooled(family)
        if family.name == "mpnet":
            write_sentence(family)
    write_pooled(Model("bert"))
