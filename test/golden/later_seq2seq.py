"""Golden data of BART, Marian and the Transformer of 2017: `/usr/bin/python3 test/golden/later_seq2seq.py [NAME...]`.

As seq2seq.py, whose families come first. All are post-norm. What differs here:

- bart: learned positions from row 2 on, a norm of the embeddings, erf GELU, a bias of the logits; texts begin with token 0
  and end, at the greatest length, with token 2. Its tokens are bytes.
- marian: sines then cosines, embeddings times sqrt(width), swish, one embedding; the padding token begins a text and never
  comes; scores have a second log softmax.
- marian-separate: an embedding of each language, ReLU; what begins and never comes is in config.json.
- transformer-2017: the paper's: sines and cosines by turns, embeddings times sqrt(width), ReLU, one matrix for both
  embeddings and the head; and its states with the other spellings of positions.
- transformer-2017-torch: under the names of torch.nn.Transformer, which has a norm at the end of each stack, with an
  embedding of each language and a head with a bias; and its logits with norms before the sublayers.

The forward passes are written from Vaswani et al. 2017, Lewis et al. 2019 and Junczys-Dowmunt et al. 2018; that of
transformer-2017-torch is compared with torch.nn.Transformer itself.
"""

import math
import sys

import torch
from checkpoint import Checkpoint, silu
from encoder_decoder import PIECES, Rules, attend, best_pieces, gelu, golden, hidden_future, rounded, write
from seq2seq import merged_unknowns

WIDTH, HEADS, LAYERS = 24, 3, (2, 3)
HIDDEN = (44, 52)  # of the encoder, of the decoder
ROWS = 61
EPS = 1e-5
TEXTS = ["the cat sat on the mat.", "a b", "hello, world!", "the fox ran, the cats sat: all in a day"]
SPELLINGS = [(layout, base) for layout in ["interleaved", "halves"] for base in ["paper", "tensor2tensor"]]


def sinusoids(tokens, layout, frequencies):
    """`[tokens, width]` of sines and cosines; the last frequency is 1e-4 with tensor2tensor's exponent alone."""
    pairs = WIDTH // 2
    exponents = torch.arange(pairs) / (pairs if frequencies == "paper" else pairs - 1)
    angles = torch.arange(tokens)[:, None] * 10000.0**-exponents
    if layout == "halves":
        return torch.cat([angles.sin(), angles.cos()], -1)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(tokens, WIDTH)


class PostNorm:
    """Two stacks of layers whose norms follow the additions, under BART's names."""

    names = {"self": "self_attn", "cross": "encoder_attn", "out": "out_proj", "up": "fc1", "down": "fc2"}
    norms = {"self": "self_attn_layer_norm", "cross": "encoder_attn_layer_norm", "last": "final_layer_norm"}
    prefix = "model."
    scale, act, separate, embedding_norm, bias_of_logits = 1.0, staticmethod(gelu), False, False, True
    norm_first, final_norms = False, False
    sharpness, spread = 2.0, 1.2  # of the norm before the head, and of embeddings: so that tokens differ, and logits too
    spread_of_bias = 0.7

    def __init__(self, seed):
        self.checkpoint = Checkpoint(seed)
        self.weights = {}
        self.set_up()
        self.vocabulary = {piece: i for i, (piece, _) in enumerate(self.pieces)}
        self.make()

    # Weights

    def keep(self, name, shape, spread, centre=0.0):
        self.weights[name] = self.checkpoint.random(name, shape, spread, centre)

    def dense(self, name, outputs, inputs, gain=2.2):
        self.weights[f"{name}.weight"] = self.checkpoint.matrix(f"{name}.weight", [outputs, inputs], gain)
        self.keep(f"{name}.bias", [outputs], 0.2)

    def norm_weights(self, name, centre=1.0):
        self.keep(f"{name}.weight", [WIDTH], 0.3, centre)
        self.keep(f"{name}.bias", [WIDTH], 0.2)

    def attention_weights(self, at):
        for part in ["q_proj", "k_proj", "v_proj"]:
            self.dense(f"{at}.{part}", WIDTH, WIDTH)
        self.dense(f"{at}.{self.names['out']}", WIDTH, WIDTH, 0.9)

    def make(self):
        self.embeddings()
        for stack in [0, 1]:
            side = ["encoder", "decoder"][stack]
            self.before_layers(f"{self.prefix}{side}")
            for layer in range(LAYERS[stack]):
                at = f"{self.prefix}{side}.layers.{layer}."
                for part in ["self", "cross"] if stack else ["self"]:
                    self.attention_weights(at + self.names[part])
                    self.norm_weights(at + self.norms[part])
                self.dense(at + self.names["up"], HIDDEN[stack], WIDTH)
                self.dense(at + self.names["down"], WIDTH, HIDDEN[stack], 3.5)
                is_last = stack == 1 and layer == LAYERS[1] - 1
                self.norm_weights(at + self.norms["last" if stack else "last of encoder"], self.sharpness if is_last else 1.0)
            if self.final_norms:
                self.norm_weights(f"{self.prefix}{side}.norm")
        self.after_layers()

    norms["last of encoder"] = norms["last"]

    def embeddings(self):
        spread = self.spread / self.scale
        if self.separate:
            self.source = f"{self.prefix}encoder.embed_tokens.weight"
            self.target = f"{self.prefix}decoder.embed_tokens.weight"
            self.keep(self.source, [self.rows + 4, WIDTH], spread)
        else:
            self.source = self.target = f"{self.prefix}shared.weight"
        self.keep(self.target, [self.rows, WIDTH], spread)

    def before_layers(self, at):
        pass

    def after_layers(self):
        self.keep("final_logits_bias", [1, self.rows], self.spread_of_bias)

    # Texts

    def ids(self, text):
        unknown = self.vocabulary["<unk>"]
        ids = []
        for word in text.split():
            ids += [unknown if piece is None else self.vocabulary[piece] for piece in best_pieces(f"▁{word}", self.source_pieces())]
        return [*merged_unknowns(ids, unknown), self.rules.end]

    def source_pieces(self):
        return [(piece, score) for piece, score in self.pieces if not piece.startswith("<")]

    def text(self, ids):
        kept = [piece for piece in (self.pieces[id][0] for id in ids) if not piece.startswith("<")]
        return "".join(piece.replace("▁", " " if i > 0 else "") for i, piece in enumerate(kept))

    # The forward pass

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + EPS)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attention(self, x, keys, at, bias=None):
        q, k, v = self.linear(x, f"{at}.q_proj"), self.linear(keys, f"{at}.k_proj"), self.linear(keys, f"{at}.v_proj")
        values, weights = attend(q, k, v, HEADS, (WIDTH // HEADS) ** -0.5, bias)
        return self.linear(values, f"{at}.{self.names['out']}"), weights

    def residual(self, x, sublayer, norm):
        """A sublayer with its norm: after the addition, or before the sublayer."""
        return x + sublayer(self.norm(x, norm)) if self.norm_first else self.norm(x + sublayer(x), norm)

    def positions(self, side, tokens):
        return sinusoids(tokens, "halves", "paper")

    def embedded(self, side, table, ids):
        x = self.weights[table][torch.tensor(ids)] * self.scale + self.positions(side, len(ids))
        return self.norm(x, f"{self.prefix}{side}.layernorm_embedding") if self.embedding_norm else x

    def feed_forward(self, at):
        return lambda x: self.linear(self.act(self.linear(x, at + self.names["up"])), at + self.names["down"])

    def encode(self, ids):
        x = self.embedded("encoder", self.source, ids)
        states = [x]
        for layer in range(LAYERS[0]):
            at = f"{self.prefix}encoder.layers.{layer}."
            x = self.residual(x, lambda y: self.attention(y, y, at + self.names["self"])[0], at + self.norms["self"])
            x = self.residual(x, self.feed_forward(at), at + self.norms["last of encoder"])
            states.append(x)
        if self.final_norms:
            states[-1] = self.norm(x, f"{self.prefix}encoder.norm")
        return states, states[-1]

    def decode(self, ids, states):
        x = self.embedded("decoder", self.target, ids)
        cross = []

        def over_source(y):
            y, weights = self.attention(y, states, at + self.names["cross"])
            cross.append(weights)
            return y

        for layer in range(LAYERS[1]):
            at = f"{self.prefix}decoder.layers.{layer}."
            mask = hidden_future(len(ids))
            x = self.residual(x, lambda y: self.attention(y, y, at + self.names["self"], mask)[0], at + self.norms["self"])
            x = self.residual(x, over_source, at + self.norms["cross"])
            x = self.residual(x, self.feed_forward(at), at + self.norms["last"])
        if self.final_norms:
            x = self.norm(x, f"{self.prefix}decoder.norm")
        return self.logits(x), cross

    def logits(self, x):
        y = x @ self.weights[self.target].T
        return y + self.weights["final_logits_bias"][0] if self.bias_of_logits else y

    # Files

    def common(self, model_type, architecture):
        config = {"architectures": [architecture], "model_type": model_type, "is_encoder_decoder": True}
        config |= {"d_model": WIDTH, "encoder_layers": LAYERS[0], "decoder_layers": LAYERS[1]}
        config |= {"encoder_attention_heads": HEADS, "decoder_attention_heads": HEADS}
        config |= {"encoder_ffn_dim": HIDDEN[0], "decoder_ffn_dim": HIDDEN[1], "vocab_size": self.rows}
        return config | {"max_position_embeddings": ROWS, "scale_embedding": self.scale != 1}

    def unigram(self, pieces, after):
        """As converters write Marian's: spaces split, then written as a character; `after` ends a text."""
        added = [piece for piece, _ in pieces if piece.startswith("<")]
        ids = {piece: i for i, (piece, _) in enumerate(pieces)}
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        metaspace = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
        part = lambda id: {"Sequence": {"id": id, "type_id": 0}}
        end = {"SpecialToken": {"id": after, "type_id": 0}}
        return {
            "version": "1.0",
            "added_tokens": [{"id": ids[token], "content": token, **flags} for token in added],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [part("A"), end],
                "pair": [part("A"), part("B"), end],
                "special_tokens": {after: {"id": after, "ids": [ids[after]], "tokens": [after]}},
            },
            "decoder": metaspace,
            "model": {"type": "Unigram", "unk_id": ids["<unk>"], "vocab": [list(piece) for piece in pieces]},
        }


class Bart(PostNorm):
    embedding_norm, spread, spread_of_bias = True, 0.3, 0.2

    def set_up(self):
        characters = ["Ġ"] + [chr(code) for code in range(33, 127) if chr(code) not in "\"#$%&'()*+/<=>@[\\]^_`{|}~"]
        self.pieces = [(piece, 0.0) for piece in ["<s>", "<pad>", "</s>", "<unk>", *characters, "<mask>"]]
        self.rows = len(self.pieces) + 1 - len(self.pieces) % 2
        self.rules = Rules(self.rows, end=2, start=2, first=0, last=2, forbidden=range(len(self.pieces), self.rows))

    def before_layers(self, at):
        self.keep(f"{at}.embed_positions.weight", [ROWS + 2, WIDTH], 0.5)
        self.norm_weights(f"{at}.layernorm_embedding")

    def positions(self, side, tokens):
        return self.weights[f"model.{side}.embed_positions.weight"][2 : tokens + 2]

    def ids(self, text):
        return [0, *(self.vocabulary["Ġ" if character == " " else character] for character in text), 2]

    def text(self, ids):
        kept = [piece for piece in (self.pieces[id][0] for id in ids) if not (piece.startswith("<") and len(piece) > 1)]
        return "".join(kept).replace("Ġ", " ")

    def files(self):
        config = self.common("bart", "BartForConditionalGeneration") | {"activation_function": "gelu"}
        config |= {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
        config |= {"normalize_before": False, "add_final_layer_norm": False, "normalize_embedding": True}
        generation = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
        generation |= {"forced_bos_token_id": 0, "forced_eos_token_id": 2}
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        tokenizer = {
            "version": "1.0",
            "added_tokens": [{"id": self.vocabulary[token], "content": token, **flags} for token in special],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": {
                "type": "RobertaProcessing",
                "sep": ["</s>", 2],
                "cls": ["<s>", 0],
                "trim_offsets": True,
                "add_prefix_space": False,
            },
            "decoder": byte_level,
            "model": {"type": "BPE", "unk_token": "<unk>", "vocab": self.vocabulary, "merges": []},
        }
        names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
        names |= {"mask_token": "<mask>", "tokenizer_class": "BartTokenizer", "model_max_length": ROWS}
        return {"config": config, "generation_config": generation, "tokenizer": tokenizer, "tokenizer_config": names}


class Marian(PostNorm):
    scale, act = WIDTH**0.5, staticmethod(silu)

    def set_up(self):
        self.pieces = [("</s>", 0.0), ("<unk>", 0.0), *PIECES]
        if len(self.pieces) % 2 > 0:
            self.pieces.append(("▁in", -6.3))
        self.pieces.append(("<pad>", 0.0))
        self.rows = len(self.pieces)
        self.pad = self.rows - 1
        self.rules = Rules(self.rows, end=0, start=self.pad, forbidden=[self.pad], last=0, renormalize=True)

    def files(self):
        ids = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": self.pad, "decoder_start_token_id": self.pad}
        ids |= {"bad_words_ids": [[self.pad]], "forced_eos_token_id": 0}
        config = self.common("marian", "MarianMTModel") | {"activation_function": "swish", **ids}
        config |= {"static_position_embeddings": True, "normalize_before": False, "normalize_embedding": False}
        config |= {"decoder_vocab_size": self.rows, "share_encoder_decoder_embeddings": True}
        generation = ids | {"max_length": ROWS, "num_beams": 4, "renormalize_logits": True}
        names = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "tokenizer_class": "MarianTokenizer"}
        return {
            "config": config,
            "generation_config": generation,
            "tokenizer": self.unigram(self.pieces, "</s>"),
            "tokenizer_config": names | {"source_lang": "en", "target_lang": "de", "model_max_length": ROWS},
        }


class MarianSeparate(Marian):
    act, separate = staticmethod(torch.relu), True

    def set_up(self):
        super().set_up()
        self.rules = Rules(self.rows, end=0, start=self.pad, forbidden=[self.pad])
        # The source's own, in another order.
        self.own = [*self.pieces[:2], *reversed(self.pieces[2:-1]), *[(chr(code), -9.5) for code in range(225, 229)]]
        self.own = [*self.own, ("<pad>", 0.0)]

    def source_pieces(self):
        return [(piece, score) for piece, score in self.own if not piece.startswith("<")]

    def ids(self, text):
        shared, self.vocabulary = self.vocabulary, {piece: i for i, (piece, _) in enumerate(self.own)}
        ids = super().ids(text)
        self.vocabulary = shared
        return ids

    def files(self):
        files = super().files()
        del files["generation_config"]
        config = files["config"] | {"activation_function": "relu", "forced_eos_token_id": None}
        config |= {"vocab_size": len(self.own), "decoder_vocab_size": self.rows}
        config |= {"share_encoder_decoder_embeddings": False}
        return files | {
            "config": config,
            "tokenizer": self.unigram(self.own, "</s>"),
            "target_tokenizer": self.unigram(self.pieces, "</s>"),
        }


class Paper(PostNorm):
    """The base model of 2017: what the paper leaves open, names and special tokens, is the project's."""

    prefix = ""
    names = PostNorm.names | {"up": "linear1", "down": "linear2", "cross": "multihead_attn"}
    norms = {"self": "norm1", "cross": "norm2", "last": "norm3", "last of encoder": "norm2"}
    scale, act, bias_of_logits = WIDTH**0.5, staticmethod(torch.relu), False
    spelling = ("interleaved", "paper")

    def set_up(self):
        self.pieces = [("<pad>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *PIECES]
        self.rows = len(self.pieces) + 2 - (len(self.pieces) + 1) % 2
        self.rules = Rules(self.rows, end=2, start=1, forbidden=range(len(self.pieces), self.rows))

    def attention_weights(self, at):
        """Queries, keys and values in one tensor, as torch.nn.MultiheadAttention stores them."""
        weight = self.checkpoint.matrix(f"{at}.in_proj_weight", [3 * WIDTH, WIDTH], 1.8)
        bias = self.checkpoint.random(f"{at}.in_proj_bias", [3 * WIDTH], 0.2)
        for part, w, b in zip(["q_proj", "k_proj", "v_proj"], weight.chunk(3), bias.chunk(3)):
            self.weights[f"{at}.{part}.weight"], self.weights[f"{at}.{part}.bias"] = w, b
        self.dense(f"{at}.{self.names['out']}", WIDTH, WIDTH, 0.9)

    def after_layers(self):
        pass

    def positions(self, side, tokens):
        return sinusoids(tokens, *self.spelling)

    def config(self):
        config = {"architectures": ["Transformer"], "model_type": "transformer-2017", "is_encoder_decoder": True}
        config |= {"vocab_size": self.rows, "d_model": WIDTH, "nhead": HEADS, "activation": "relu"}
        config |= {"num_encoder_layers": LAYERS[0], "num_decoder_layers": LAYERS[1]}
        return config | {"decoder_start_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}

    def files(self):
        config = self.config() | {"encoder_dim_feedforward": HIDDEN[0], "decoder_dim_feedforward": HIDDEN[1]}
        names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
        return {
            "config": config | {"max_position_embeddings": ROWS},
            "tokenizer": self.unigram(self.pieces, "</s>"),
            "tokenizer_config": names | {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False},
        }

    def variants(self):
        """The states of the first text with positions in every spelling, and rows of tables far from the beginning."""
        ids, found, own = self.ids(TEXTS[0]), [], self.spelling
        for spelling in SPELLINGS:
            self.spelling = spelling
            far = sinusoids(1004, *spelling)[[0, 1, 7, 1003]]
            entry = {"layout": spelling[0], "frequencies": spelling[1], "rows": [0, 1, 7, 1003], "table": rounded(far)}
            found.append(entry | {"states": rounded(self.encode(ids)[1])})
        self.spelling = own
        return {"spellings": found}


class Torch(Paper):
    """As the tutorials on torch.nn.Transformer have it."""

    prefix = "transformer."
    separate, final_norms, bias_of_logits = True, True, True
    spelling = ("halves", "tensor2tensor")
    act = staticmethod(gelu)

    def set_up(self):
        self.pieces = [("<unk>", 0.0), ("<pad>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *PIECES]
        self.rows = len(self.pieces) + 2 - (len(self.pieces) + 1) % 2
        self.rules = Rules(self.rows, end=3, start=2, forbidden=range(len(self.pieces), self.rows))

    def embeddings(self):
        self.source, self.target = "src_tok_emb.embedding.weight", "tgt_tok_emb.embedding.weight"
        self.keep(self.source, [self.rows + 4, WIDTH], self.spread / self.scale)
        self.keep(self.target, [self.rows, WIDTH], self.spread / self.scale)

    def after_layers(self):
        self.dense("generator", self.rows, WIDTH, 2.0)

    def logits(self, x):
        return self.linear(x, "generator")

    def config(self):
        config = super().config() | {"activation": "gelu", "decoder_start_token_id": 2, "eos_token_id": 3}
        config |= {"source_vocab_size": self.rows + 4, "tie_word_embeddings": False, "pad_token_id": 1}
        return config | {"position_layout": self.spelling[0], "position_frequencies": self.spelling[1]}

    def files(self):
        return super().files() | {"target_tokenizer": self.unigram(self.pieces, "</s>")}

    def variants(self):
        self.compare()
        self.norm_first = True
        _, states = self.encode(self.ids(TEXTS[0]))
        logits = self.decode([self.rules.start, 7, 9], states)[0]
        self.compare()
        self.norm_first = False
        return {"normFirst": {"ids": [self.rules.start, 7, 9], "states": rounded(states), "logits": rounded(logits)}}

    def compare(self):
        """With the library's own model, of which both stacks have feed-forward layers of one width."""
        arguments = {"d_model": WIDTH, "nhead": HEADS, "norm_first": self.norm_first, "batch_first": True, "dropout": 0.0}
        encoder = torch.nn.TransformerEncoder(
            torch.nn.TransformerEncoderLayer(dim_feedforward=HIDDEN[0], activation="gelu", **arguments),
            LAYERS[0],
            norm=torch.nn.LayerNorm(WIDTH),
            enable_nested_tensor=False,
        )
        decoder = torch.nn.TransformerDecoder(
            torch.nn.TransformerDecoderLayer(dim_feedforward=HIDDEN[1], activation="gelu", **arguments),
            LAYERS[1],
            norm=torch.nn.LayerNorm(WIDTH),
        )
        stored = {name: tensor.double() for name, tensor in self.checkpoint.stored.items()}
        for module, side in [(encoder, "encoder"), (decoder, "decoder")]:
            at = f"transformer.{side}."
            module.load_state_dict({name[len(at) :]: tensor for name, tensor in stored.items() if name.startswith(at)})
        ids, given = self.ids(TEXTS[0]), [self.rules.start, 7, 9]
        with torch.no_grad():
            states = encoder(self.embedded("encoder", self.source, ids)[None])[0]
            mask = hidden_future(len(given))
            y = decoder(self.embedded("decoder", self.target, given)[None], states[None], tgt_mask=mask)[0]
        own = self.encode(ids)[1]
        far = max((states - own).abs().max().item(), (self.logits(y) - self.decode(given, own)[0]).abs().max().item())
        if far > 1e-12:
            raise SystemExit(f"torch.nn.Transformer differs by {far}")


def teacher(model, tokens):
    generator = torch.Generator().manual_seed(1)
    return [model.rules.start, *torch.randint(4, len(model.pieces) - 1, [tokens - 1], generator=generator).tolist()]


FAMILIES = {
    "bart": lambda seed=31: Bart(seed),
    "marian": lambda seed=26: Marian(seed),
    "marian-separate": lambda seed=27: MarianSeparate(seed),
    "transformer-2017": lambda seed=25: Paper(seed),
    "transformer-2017-torch": lambda seed=22: Torch(seed),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FAMILIES:
        model = FAMILIES[name]()
        data = golden(name, model, TEXTS, teacher(model, 43), [0, 1, 2, 17, 42])
        write(name, model, data | (model.variants() if isinstance(model, Paper) else {}))
