"""Golden data of encoder-decoders: `/usr/bin/python3 test/golden/seq2seq.py [NAME...]` writes a folder of each family.

It needs PyTorch (`apt-get install python3-torch`), takes a minute and gives the same files every time. No two axes have
the same size; stacks have different numbers of layers; the embedding has more rows than the tokenizer has tokens, which
greedy tokens and beams never take.

- t5: the first release: ReLU, the embedding is the head, of which the states are scaled by 1/sqrt(width).
- t5-v1.1: a gated feed-forward by the tanh form of GELU, a head of its own, no scale.

The others are in later_seq2seq.py. The forward passes are in float64, text by text and token by token without caches,
written from Raffel et al. 2019 and Shazeer 2020; nothing of them is shared with the project or with transformers.
"""

import math
import sys

import torch
from checkpoint import Checkpoint, rms_norm
from encoder_decoder import PIECES, Rules, attend, best_pieces, gelu_tanh, golden, hidden_future, write

WIDTH, HEADS, HEAD, HIDDEN = 24, 3, 12, 44
BUCKETS, FARTHEST = 32, 128
LONG = "sphinx of black quartz, judge my vow! the five boxing wizards jump quickly. pack my box with five dozen jugs; a fox ran, sleeping cats sat. "
TEXTS = ["the cat sat on the mat.", "a b", "hello, world!", "the <extra_id_0> sat on <extra_id_1> mat", LONG.strip()]
SENTINELS = 5


def bucket(distance, both_ways):
    """Of key minus query; a decoder sees no keys that come after."""
    count = BUCKETS // 2 if both_ways else BUCKETS
    side = count if both_ways and distance > 0 else 0
    n = abs(distance) if both_ways else max(-distance, 0)
    exact = count // 2
    if n < exact:
        return side + n
    return side + min(count - 1, exact + int(math.log(n / exact) / math.log(FARTHEST / exact) * (count - exact)))


class T5:
    def __init__(self, gated, seed):
        self.gated = gated
        self.layers = (2, 3) if not gated else (3, 2)  # of the encoder, of the decoder
        self.eps = 1e-6
        self.checkpoint = Checkpoint(seed)
        self.weights = {}
        sentinels = [(f"<extra_id_{i}>", 0.0) for i in reversed(range(SENTINELS))]
        self.pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *PIECES, *sentinels]
        self.vocabulary = {piece: i for i, (piece, _) in enumerate(self.pieces)}
        self.rows = len(self.pieces) + 6 + len(self.pieces) % 2 - 1  # odd, and more than tokens
        surplus = range(len(self.pieces), self.rows)
        self.rules = Rules(self.rows, end=1, start=0, forbidden=surplus)
        self.make()

    def keep(self, name, values):
        self.weights[name] = values

    def matrix(self, name, outputs, inputs, gain):
        self.keep(name, self.checkpoint.matrix(f"{name}.weight", [outputs, inputs], gain))

    def attention_weights(self, at):
        for part, gain in [("q", 0.9), ("k", 0.9), ("v", 1.5)]:
            self.matrix(f"{at}.{part}", HEADS * HEAD, WIDTH, gain)
        self.matrix(f"{at}.o", WIDTH, HEADS * HEAD, 1.5 if self.gated else 3.0)

    def make(self):
        self.keep("shared", self.checkpoint.random("shared.weight", [self.rows, WIDTH], 2.0 if self.gated else 1.0))
        for stack, layers in zip(["encoder", "decoder"], self.layers):
            for layer in range(layers):
                at = f"{stack}.block.{layer}.layer"
                self.attention_weights(f"{at}.0.SelfAttention")
                if layer == 0:
                    name = f"{at}.0.SelfAttention.relative_attention_bias.weight"
                    self.keep(name, self.checkpoint.random(name, [BUCKETS, HEADS], 1.2))
                self.norm_weights(f"{at}.0.layer_norm")
                last = 1
                if stack == "decoder":
                    self.attention_weights(f"{at}.1.EncDecAttention")
                    self.norm_weights(f"{at}.1.layer_norm")
                    last = 2
                for part in ["wi_0", "wi_1"] if self.gated else ["wi"]:
                    self.matrix(f"{at}.{last}.DenseReluDense.{part}", HIDDEN, WIDTH, 1.3)
                self.matrix(f"{at}.{last}.DenseReluDense.wo", WIDTH, HIDDEN, 1.6 if self.gated else 4.0)
                self.norm_weights(f"{at}.{last}.layer_norm")
            self.norm_weights(f"{stack}.final_layer_norm", 2.5 if stack == "decoder" and not self.gated else 1.0)
        if self.gated:
            self.matrix("lm_head", self.rows, WIDTH, 2.0)

    def norm_weights(self, name, centre=1.0):
        self.keep(name, self.checkpoint.random(f"{name}.weight", [WIDTH], 0.3, centre))

    # Texts

    def ids(self, text):
        ids = []
        words = text.split()
        for word, following in zip(words, [*words[1:], ""]):
            if word in self.vocabulary and word.startswith("<extra"):
                ids.append(self.vocabulary[word])
            else:
                ids += [2 if piece is None else self.vocabulary[piece] for piece in best_pieces(f"▁{word}", self.pieces)]
                if self.gated and following.startswith("<extra"):  # a space at the end of a text is a piece
                    ids.append(self.vocabulary["▁"])
        return [*merged_unknowns(ids, 2), 1]

    def text(self, ids):
        """Without special tokens, and without the space of the first of the others."""
        pieces = [self.pieces[id][0] for id in ids]
        kept = [piece for piece in pieces if not piece.startswith("<")]
        return "".join(piece.replace("▁", " " if i > 0 else "") for i, piece in enumerate(kept))

    # The forward pass

    def linear(self, x, name):
        return x @ self.weights[name].T

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.eps)

    def attention(self, x, keys, at, bias=None):
        q, k, v = self.linear(x, f"{at}.q"), self.linear(keys, f"{at}.k"), self.linear(keys, f"{at}.v")
        values, weights = attend(q, k, v, HEADS, bias=bias)
        return self.linear(values, f"{at}.o"), weights

    def feed_forward(self, x, at):
        if self.gated:
            x = gelu_tanh(self.linear(x, f"{at}.wi_0")) * self.linear(x, f"{at}.wi_1")
        else:
            x = torch.relu(self.linear(x, f"{at}.wi"))
        return self.linear(x, f"{at}.wo")

    def bias(self, stack, tokens):
        table = self.weights[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        both = stack == "encoder"
        buckets = [[bucket(key - query, both) for key in range(tokens)] for query in range(tokens)]
        return table[torch.tensor(buckets)].permute(2, 0, 1)

    def encode(self, ids):
        """The stream after the embedding and after each layer, the last one normed; and the last one."""
        x = self.weights["shared"][torch.tensor(ids)]
        bias = self.bias("encoder", len(ids))
        states = [x]
        for layer in range(self.layers[0]):
            at = f"encoder.block.{layer}.layer"
            y = self.norm(x, f"{at}.0.layer_norm")
            x = x + self.attention(y, y, f"{at}.0.SelfAttention", bias)[0]
            x = x + self.feed_forward(self.norm(x, f"{at}.1.layer_norm"), f"{at}.1.DenseReluDense")
            states.append(x)
        states[-1] = self.norm(x, "encoder.final_layer_norm")
        return states, states[-1]

    def decode(self, ids, states):
        """Logits of every token, and each layer's weights of the source."""
        x = self.weights["shared"][torch.tensor(ids)]
        bias = self.bias("decoder", len(ids)) + hidden_future(len(ids))
        cross = []
        for layer in range(self.layers[1]):
            at = f"decoder.block.{layer}.layer"
            y = self.norm(x, f"{at}.0.layer_norm")
            x = x + self.attention(y, y, f"{at}.0.SelfAttention", bias)[0]
            y, weights = self.attention(self.norm(x, f"{at}.1.layer_norm"), states, f"{at}.1.EncDecAttention")
            x = x + y
            cross.append(weights)
            x = x + self.feed_forward(self.norm(x, f"{at}.2.layer_norm"), f"{at}.2.DenseReluDense")
        x = self.norm(x, "decoder.final_layer_norm")
        if self.gated:
            return self.linear(x, "lm_head"), cross
        return (x * WIDTH**-0.5) @ self.weights["shared"].T, cross

    # Files

    def files(self):
        config = {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": True}
        config |= {"d_model": WIDTH, "d_kv": HEAD, "d_ff": HIDDEN, "num_heads": HEADS, "vocab_size": self.rows}
        config |= {"num_layers": self.layers[0], "num_decoder_layers": self.layers[1]}
        config |= {"relative_attention_num_buckets": BUCKETS, "layer_norm_epsilon": self.eps, "dropout_rate": 0.1}
        config |= {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "n_positions": 512}
        if self.gated:
            config |= {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
            config |= {"relative_attention_max_distance": FARTHEST}
        generation = {"_from_model_config": True, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
        special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
        sentinels = [f"<extra_id_{i}>" for i in range(SENTINELS)]
        names = {**special, "additional_special_tokens": sentinels, "extra_ids": SENTINELS, "model_max_length": 512}
        return {
            "config": config,
            "generation_config": generation,
            "tokenizer": self.tokenizer(),
            "tokenizer_config": {**names, "tokenizer_class": "T5Tokenizer"},
        }

    def tokenizer(self):
        """The first release's splits at spaces before it writes them, the second's does not."""
        added = ["<pad>", "</s>", "<unk>", *[piece for piece, _ in self.pieces if piece.startswith("<extra")]]
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
        old = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
        sequence = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, old]}
        part = lambda id: {"Sequence": {"id": id, "type_id": 0}}
        end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": self.vocabulary[token], "content": token, **flags} for token in added],
            "normalizer": None,
            "pre_tokenizer": metaspace if self.gated else sequence,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [part("A"), end],
                "pair": [part("A"), end, part("B"), end],
                "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
            },
            "decoder": metaspace if self.gated else old,
            "model": {"type": "Unigram", "unk_id": 2, "vocab": [list(piece) for piece in self.pieces]},
        }


def merged_unknowns(ids, unknown):
    """Unknown characters that follow one another are one token."""
    return [id for i, id in enumerate(ids) if id != unknown or i == 0 or ids[i - 1] != unknown]


def teacher(model, tokens):
    """The start token and others at random, always the same."""
    generator = torch.Generator().manual_seed(1)
    return [model.rules.start, *torch.randint(3, len(model.pieces), [tokens - 1], generator=generator).tolist()]


FAMILIES = {
    "t5": lambda seed=129: T5(gated=False, seed=seed),
    "t5-v1.1": lambda seed=66: T5(gated=True, seed=seed),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FAMILIES:
        model = FAMILIES[name]()
        write(name, model, golden(name, model, TEXTS, teacher(model, 121), [0, 1, 2, 17, 50, 120]))
