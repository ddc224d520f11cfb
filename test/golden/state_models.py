"""Golden data of LFM2: `/usr/bin/python3 test/golden/state_models.py` writes its folder.

It needs PyTorch (`apt-get install python3-torch`), takes seconds and gives the same files every time. Three layers are
short convolutions between gates, two are attention with normed queries and keys; the width of the feed-forward layers is
two thirds of the config's, in whole blocks; the head is the embedding.
"""

import torch
from checkpoint import VOCABULARY, Checkpoint, causal, rms_norm, silu, write

LFM2 = {
    "architectures": ["Lfm2ForCausalLM"],
    "model_type": "lfm2",
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 80,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "norm_eps": 1e-5,
    "rope_theta": 1000000.0,
    "conv_L_cache": 3,
    "conv_bias": False,
    "block_auto_adjust_ff_dim": True,
    "block_ffn_dim_multiplier": 1.0,
    "block_multiple_of": 8,
    "layer_types": ["conv", "full_attention", "conv", "conv", "full_attention"],
    "tie_embedding": True,
}


def attention(q, k, v, theta):
    """Grouped-query attention over heads [tokens, heads, d], whose queries and keys are rotated, half with half."""
    tokens, heads, width = q.shape

    def rotate(x):
        half = width // 2
        angles = torch.arange(tokens)[:, None, None] * theta ** (-torch.arange(half) / half)
        first, second = x[..., :half], x[..., half:]
        cosine, sine = torch.cos(angles), torch.sin(angles)
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)

    q, k = rotate(q), rotate(k)
    results = []
    for head in range(heads):
        group = head * k.shape[1] // heads
        scores = (q[:, head] @ k[:, group].T / width**0.5).masked_fill(~causal(tokens), -torch.inf)
        results.append(torch.softmax(scores, -1) @ v[:, group])
    return torch.cat(results, -1)


def convolve(x, weight):
    """Each channel of x [tokens, channels] over the last taps of itself; weight [channels, 1, taps]."""
    taps = weight.shape[-1]
    padded = torch.cat([torch.zeros(taps - 1, x.shape[1]), x])
    return sum(padded[i : i + x.shape[0]] * weight[:, 0, i] for i in range(taps))


class Lfm2:
    """A random model: its weights by their names, and a forward pass over all tokens."""

    def __init__(self, config, seed):
        self.config = config
        self.checkpoint = Checkpoint(seed)
        self.weights = {}
        width = config["hidden_size"]
        multiple = config["block_multiple_of"]
        hidden = -(-(2 * config["intermediate_size"] // 3) // multiple) * multiple
        self.head_width = width // config["num_attention_heads"]
        keys = config["num_key_value_heads"] * self.head_width
        self.random("model.embed_tokens", [VOCABULARY, width], 1.0)
        for index, kind in enumerate(config["layer_types"]):
            at = f"model.layers.{index}"
            self.norm_weight(f"{at}.operator_norm", width)
            if kind == "conv":
                self.matrix(f"{at}.conv.in_proj", 3 * width, width, 2.0)
                self.random(f"{at}.conv.conv", [width, 1, config["conv_L_cache"]], 0.6)
                self.matrix(f"{at}.conv.out_proj", width, width)
            else:
                for name, rows in ("q_proj", width), ("k_proj", keys), ("v_proj", keys), ("out_proj", width):
                    self.matrix(f"{at}.self_attn.{name}", rows, width)
                self.norm_weight(f"{at}.self_attn.q_layernorm", self.head_width)
                self.norm_weight(f"{at}.self_attn.k_layernorm", self.head_width)
            self.norm_weight(f"{at}.ffn_norm", width)
            self.matrix(f"{at}.feed_forward.w1", hidden, width, 2.0)
            self.matrix(f"{at}.feed_forward.w3", hidden, width)
            self.matrix(f"{at}.feed_forward.w2", width, hidden)
        self.norm_weight("model.embedding_norm", width)

    def random(self, name, shape, spread):
        self.weights[name] = self.checkpoint.random(f"{name}.weight", shape, spread)

    def matrix(self, name, rows, columns, gain=1.0):
        self.weights[name] = self.checkpoint.matrix(f"{name}.weight", [rows, columns], gain, torch.bfloat16)

    def norm_weight(self, name, width):
        self.weights[name] = self.checkpoint.norm(f"{name}.weight", width)

    def linear(self, x, name):
        return x @ self.weights[name].T

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config["norm_eps"])

    def convolution(self, x, at):
        b, c, values = self.linear(x, f"{at}.in_proj").chunk(3, -1)
        return self.linear(c * convolve(b * values, self.weights[f"{at}.conv"]), f"{at}.out_proj")

    def attend(self, x, at):
        heads = (self.linear(x, f"{at}.{name}").reshape(len(x), -1, self.head_width) for name in ("q_proj", "k_proj", "v_proj"))
        q, k, v = heads
        q, k = self.norm(q, f"{at}.q_layernorm"), self.norm(k, f"{at}.k_layernorm")
        return self.linear(attention(q, k, v, self.config["rope_theta"]), f"{at}.out_proj")

    def logits_of(self, ids):
        x = self.weights["model.embed_tokens"][ids]
        for index, kind in enumerate(self.config["layer_types"]):
            at = f"model.layers.{index}"
            normed = self.norm(x, f"{at}.operator_norm")
            x = x + (self.convolution(normed, f"{at}.conv") if kind == "conv" else self.attend(normed, f"{at}.self_attn"))
            normed = self.norm(x, f"{at}.ffn_norm")
            hidden = silu(self.linear(normed, f"{at}.feed_forward.w1")) * self.linear(normed, f"{at}.feed_forward.w3")
            x = x + self.linear(hidden, f"{at}.feed_forward.w2")
        return self.linear(self.norm(x[-1], "model.embedding_norm"), "model.embed_tokens"), torch.inf


for name, config, seed in (("lfm2", LFM2, 3),):
    model = Lfm2(config, seed)
    write(name, config, model.checkpoint, model.logits_of)
