"""Golden data of models whose layers carry states: `/usr/bin/python3 test/golden/state_models.py` writes a folder of each.

It needs PyTorch (`apt-get install python3-torch`), takes seconds and gives the same files every time.

- lfm2: three short convolutions between gates, two layers of attention with normed queries and keys; the width of the
  feed-forward layers is two thirds of the config's, in whole blocks; the head is the embedding.
- qwen3-next: three gated DeltaNets, then attention with a gate, a quarter of each head rotated; projections packed by key
  heads; experts of which two are chosen, and a shared one with a gate.
- qwen3.5: the same layers with flat projections and dense feed-forward layers, the text model within another one; the
  head is the embedding.
- mamba2: three layers of Mamba-2 and nothing else, two groups of heads; the config has a bare `Infinity` and names no
  architecture, as released ones.
- falcon-h1: attention and Mamba-2 side by side in both layers, with factors of everything; no norm of the state's result.
- falcon-h1-norm: the same with norms of two groups before the gate.
- granite-hybrid: two layers of Mamba-2 and one of attention without positions, factors of the stream, scores and logits.
- granite-hybrid-moe: the same with rotated queries and keys and experts of which two are chosen, with a shared one.
"""

import torch
from checkpoint import VOCABULARY, Checkpoint, causal, gap_after, rms_norm, silu, write

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

LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 12,
    "linear_conv_kernel_dim": 4,
}
QWEN3_NEXT = {
    "architectures": ["Qwen3NextForCausalLM"],
    "model_type": "qwen3_next",
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000000,
    "partial_rotary_factor": 0.25,
    "full_attention_interval": 4,
    "hidden_act": "silu",
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
    "norm_topk_prob": True,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "tie_word_embeddings": False,
    **LINEAR,
}
QWEN3_5 = {
    "architectures": ["Qwen3_5ForConditionalGeneration"],
    "model_type": "qwen3_5",
    "text_config": {
        "model_type": "qwen3_5_text",
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 128,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000000,
            "partial_rotary_factor": 0.25,
            "mrope_interleaved": True,
            "mrope_section": [1, 1, 0],
        },
        "attn_output_gate": True,
        "full_attention_interval": 4,
        "layer_types": ["linear_attention", "linear_attention", "linear_attention", "full_attention"],
        "hidden_act": "silu",
        "mamba_ssm_dtype": "float32",
        **LINEAR,
    },
    "tie_word_embeddings": True,
}

MAMBA2 = {
    "model_type": "mamba2",
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_heads": 8,
    "head_dim": 8,
    "state_size": 16,
    "n_groups": 2,
    "expand": 2,
    "conv_kernel": 4,
    "chunk_size": 256,
    "layer_norm_epsilon": 1e-5,
    "use_bias": False,
    "use_conv_bias": True,
    "rms_norm": True,
    "hidden_act": "silu",
    "time_step_limit": [0.0, float("inf")],
    "tie_word_embeddings": False,
}

FALCON_H1 = {
    "architectures": ["FalconH1ForCausalLM"],
    "model_type": "falcon_h1",
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "rope_theta": 100000000000.0,
    "hidden_act": "silu",
    "attention_bias": False,
    "mamba_d_ssm": 48,
    "mamba_n_heads": 6,
    "mamba_d_head": 8,
    "mamba_n_groups": 2,
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_conv_bias": True,
    "mamba_rms_norm": False,
    "mamba_norm_before_gate": True,
    "embedding_multiplier": 3.5,
    "lm_head_multiplier": 0.4,
    "attention_in_multiplier": 1.25,
    "attention_out_multiplier": 0.9375,
    "key_multiplier": 0.55,
    "mlp_multipliers": [0.88, 0.6],
    "ssm_in_multiplier": 1.25,
    "ssm_out_multiplier": 0.7,
    "ssm_multipliers": [0.7, 0.9, 0.6, 1.2, 0.8],
    "tie_word_embeddings": False,
}

GRANITE = {
    "architectures": ["GraniteMoeHybridForCausalLM"],
    "model_type": "granitemoehybrid",
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 24,
    "shared_intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "layer_types": ["mamba", "attention", "mamba"],
    "position_embedding_type": "nope",
    "num_local_experts": 0,
    "num_experts_per_tok": 0,
    "attention_bias": False,
    "mamba_expand": 2,
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_conv_bias": True,
    "mamba_proj_bias": False,
    "embedding_multiplier": 6.0,
    "attention_multiplier": 0.2,
    "residual_multiplier": 0.6,
    "logits_scaling": 2.5,
    "tie_word_embeddings": False,
}
MOE = {"num_local_experts": 4, "num_experts_per_tok": 2, "position_embedding_type": "rope", "rope_theta": 10000.0}


def attention(q, k, v, theta, share=1.0):
    """
    Grouped-query attention over heads [tokens, heads, d]. A share of each query and key is rotated, half with half.
    """
    tokens, heads, width = q.shape

    def rotate(x):
        half = int(width * share) // 2
        angles = torch.arange(tokens)[:, None, None] * theta ** (-torch.arange(half) / half)
        first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
        cosine, sine = torch.cos(angles), torch.sin(angles)
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], -1)

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


def state_space(x, dt, decay, b, c, skip):
    """x [tokens, heads, p], dt [tokens, heads], b and c [tokens, heads, n]: one token after the other."""
    tokens, heads, width = x.shape
    state, rows = torch.zeros(heads, b.shape[-1], width), []
    for t in range(tokens):
        state = state * torch.exp(dt[t] * decay)[:, None, None]
        state = state + torch.einsum("hi,hj->hij", b[t], dt[t][:, None] * x[t])
        rows.append(torch.einsum("hij,hi->hj", state, c[t]) + skip[:, None] * x[t])
    return torch.stack(rows)


class Model:
    """A random model: its weights by their names, and a forward pass over all tokens."""

    def __init__(self, config, seed):
        self.config = config.get("text_config", config)
        self.checkpoint = Checkpoint(seed)
        self.weights = {}
        self.make()

    def random(self, name, shape, spread):
        self.weights[name] = self.checkpoint.random(f"{name}.weight", shape, spread)

    def matrix(self, name, rows, columns, gain=1.0):
        self.weights[name] = self.checkpoint.matrix(f"{name}.weight", [rows, columns], gain, torch.bfloat16)

    def norm_weight(self, name, width):
        self.weights[name] = self.checkpoint.norm(f"{name}.weight", width)

    def norm_minus_one(self, name, width):
        """A norm's weight, stored minus 1."""
        self.weights[name] = self.checkpoint.random(f"{name}.weight", [width], 0.3) + 1

    def linear(self, x, name):
        return x @ self.weights[name].T

    def gated(self, x, gate, up, down):
        return self.linear(silu(self.linear(x, gate)) * self.linear(x, up), down)


class Lfm2(Model):
    def make(self):
        config, width = self.config, self.config["hidden_size"]
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
            gate, up, down = (f"{at}.feed_forward.{name}" for name in ("w1", "w3", "w2"))
            x = x + self.gated(self.norm(x, f"{at}.ffn_norm"), gate, up, down)
        return self.linear(self.norm(x[-1], "model.embedding_norm"), "model.embed_tokens"), torch.inf


class QwenNext(Model):
    def make(self):
        config, width = self.config, self.config["hidden_size"]
        self.nested = config["model_type"] == "qwen3_5_text"
        self.prefix = "model.language_model" if self.nested else "model"
        self.random(f"{self.prefix}.embed_tokens", [VOCABULARY, width], 1.0)
        for index in range(config["num_hidden_layers"]):
            at = f"{self.prefix}.layers.{index}"
            self.norm_minus_one(f"{at}.input_layernorm", width)
            if self.is_full(index):
                self.make_attention(f"{at}.self_attn")
            else:
                self.make_delta_net(f"{at}.linear_attn")
            self.norm_minus_one(f"{at}.post_attention_layernorm", width)
            if self.nested:
                self.make_gated(f"{at}.mlp", config["intermediate_size"])
                continue
            self.matrix(f"{at}.mlp.gate", config["num_experts"], width, 1.5)
            for expert in range(config["num_experts"]):
                self.make_gated(f"{at}.mlp.experts.{expert}", config["moe_intermediate_size"])
            self.make_gated(f"{at}.mlp.shared_expert", config["shared_expert_intermediate_size"])
            self.matrix(f"{at}.mlp.shared_expert_gate", 1, width, 2.0)
        self.norm_minus_one(f"{self.prefix}.norm", width)
        if not self.nested:
            self.matrix("lm_head", VOCABULARY, width, 2.0)

    def is_full(self, index):
        return (index + 1) % self.config["full_attention_interval"] == 0

    def make_gated(self, at, hidden):
        width = self.config["hidden_size"]
        for name, rows, columns in ("gate_proj", hidden, width), ("up_proj", hidden, width), ("down_proj", width, hidden):
            self.matrix(f"{at}.{name}", rows, columns, 2.0)

    def make_attention(self, at):
        config, width, d = self.config, self.config["hidden_size"], self.config["head_dim"]
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        self.matrix(f"{at}.q_proj", 2 * heads * d, width)
        self.matrix(f"{at}.k_proj", groups * d, width)
        self.matrix(f"{at}.v_proj", groups * d, width)
        self.matrix(f"{at}.o_proj", width, heads * d)
        self.norm_minus_one(f"{at}.q_norm", d)
        self.norm_minus_one(f"{at}.k_norm", d)

    def sizes(self):
        names = ("num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim")
        return [self.config[f"linear_{name}"] for name in names]

    def make_delta_net(self, at):
        width = self.config["hidden_size"]
        heads, values, d, dv = self.sizes()
        channels = 2 * heads * d + values * dv
        if self.nested:
            for name, rows in ("qkv", channels), ("z", values * dv), ("b", values), ("a", values):
                self.matrix(f"{at}.in_proj_{name}", rows, width, 1.5)
        else:
            self.matrix(f"{at}.in_proj_qkvz", channels + values * dv, width, 1.5)
            self.matrix(f"{at}.in_proj_ba", 2 * values, width, 1.5)
        self.random(f"{at}.conv1d", [channels, 1, self.config["linear_conv_kernel_dim"]], 0.6)
        self.weights[f"{at}.A_log"] = self.checkpoint.random(f"{at}.A_log", [values], 0.7, -1.0)
        self.weights[f"{at}.dt_bias"] = self.checkpoint.random(f"{at}.dt_bias", [values], 0.5)
        self.norm_weight(f"{at}.norm", dv)
        self.matrix(f"{at}.out_proj", width, values * dv)

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config["rms_norm_eps"])

    def delta_net(self, x, at):
        heads, values, d, dv = self.sizes()
        r, tokens = values // heads, len(x)
        if self.nested:
            mixed = self.linear(x, f"{at}.in_proj_qkv")
            z, b, a = (self.linear(x, f"{at}.in_proj_{name}") for name in "zba")
        else:
            group = self.linear(x, f"{at}.in_proj_qkvz").reshape(tokens, heads, -1)
            q, k, v, z = group.split([d, d, r * dv, r * dv], -1)
            mixed = torch.cat([part.reshape(tokens, -1) for part in (q, k, v)], -1)
            b, a = self.linear(x, f"{at}.in_proj_ba").reshape(tokens, heads, -1).split([r, r], -1)
        mixed = silu(convolve(mixed, self.weights[f"{at}.conv1d"]))
        q, k, v = mixed.split([heads * d, heads * d, values * dv], -1)
        q, k = (rows.reshape(tokens, heads, d) for rows in (q, k))
        q, k = (rows / torch.sqrt((rows * rows).sum(-1, keepdim=True) + 1e-6) for rows in (q, k))
        q, k = (rows.repeat_interleave(r, 1) for rows in (q / d**0.5, k))
        v, z = v.reshape(tokens, values, dv), z.reshape(tokens, values, dv)
        beta = torch.sigmoid(b.reshape(tokens, values))
        steps = torch.nn.functional.softplus(a.reshape(tokens, values) + self.weights[f"{at}.dt_bias"])
        decay = torch.exp(-torch.exp(self.weights[f"{at}.A_log"]) * steps)
        state, rows = torch.zeros(values, d, dv), []
        for t in range(tokens):
            state = state * decay[t][:, None, None]
            wrong = v[t] - torch.einsum("hij,hi->hj", state, k[t])
            state = state + torch.einsum("hi,hj->hij", k[t], beta[t][:, None] * wrong)
            rows.append(torch.einsum("hij,hi->hj", state, q[t]))
        y = self.norm(torch.stack(rows), f"{at}.norm") * silu(z)
        return self.linear(y.reshape(tokens, -1), f"{at}.out_proj")

    def attend(self, x, at):
        d, tokens = self.config["head_dim"], len(x)
        q, gate = self.linear(x, f"{at}.q_proj").reshape(tokens, -1, 2 * d).split([d, d], -1)
        k, v = (self.linear(x, f"{at}.{name}").reshape(tokens, -1, d) for name in ("k_proj", "v_proj"))
        q, k = self.norm(q, f"{at}.q_norm"), self.norm(k, f"{at}.k_norm")
        rope = self.config.get("rope_parameters", self.config)
        y = attention(q, k, v, rope["rope_theta"], rope["partial_rotary_factor"])
        return self.linear(y * torch.sigmoid(gate.reshape(tokens, -1)), f"{at}.o_proj")

    def feed_forward(self, x, at):
        return self.gated(x, f"{at}.gate_proj", f"{at}.up_proj", f"{at}.down_proj")

    def mix(self, x, at):
        """The sum of the chosen experts and the shared one, and how far the nearest choice was from another."""
        k = self.config["num_experts_per_tok"]
        logits, rows = self.linear(x, f"{at}.gate"), []
        for token, row in zip(x, logits):
            chosen = row.topk(k).indices
            shares = torch.softmax(row[chosen], -1)
            parts = [share * self.feed_forward(token, f"{at}.experts.{e}") for share, e in zip(shares, chosen.tolist())]
            rows.append(torch.stack(parts).sum(0))
        gate = torch.sigmoid(self.linear(x, f"{at}.shared_expert_gate"))
        return torch.stack(rows) + gate * self.feed_forward(x, f"{at}.shared_expert"), gap_after(logits, k)

    def logits_of(self, ids):
        x, nearest = self.weights[f"{self.prefix}.embed_tokens"][ids], torch.inf
        for index in range(self.config["num_hidden_layers"]):
            at = f"{self.prefix}.layers.{index}"
            normed = self.norm(x, f"{at}.input_layernorm")
            x = x + (self.attend(normed, f"{at}.self_attn") if self.is_full(index) else self.delta_net(normed, f"{at}.linear_attn"))
            normed = self.norm(x, f"{at}.post_attention_layernorm")
            if self.nested:
                x = x + self.feed_forward(normed, f"{at}.mlp")
                continue
            y, distance = self.mix(normed, f"{at}.mlp")
            x, nearest = x + y, min(nearest, distance)
        head = f"{self.prefix}.embed_tokens" if self.nested else "lm_head"
        return self.linear(self.norm(x[-1], f"{self.prefix}.norm"), head), nearest


class Mamba2(Model):
    EPS = "layer_norm_epsilon"

    def make(self):
        config, width = self.config, self.config["hidden_size"]
        self.heads, self.groups, self.rows = config["num_heads"], config["n_groups"], config["state_size"]
        self.inner, self.taps = self.heads * config["head_dim"], config["conv_kernel"]
        self.random("backbone.embeddings", [VOCABULARY, width], 1.0)
        for index in range(config["num_hidden_layers"]):
            at = f"backbone.layers.{index}"
            self.norm_weight(f"{at}.norm", width)
            self.make_mixer(f"{at}.mixer")
        self.norm_weight("backbone.norm_f", width)
        self.matrix("lm_head", VOCABULARY, width, 2.0)

    def make_mixer(self, at, has_norm=True):
        width, channels = self.config["hidden_size"], self.inner + 2 * self.groups * self.rows
        self.matrix(f"{at}.in_proj", self.inner + channels + self.heads, width, 1.5)
        self.random(f"{at}.conv1d", [channels, 1, self.taps], 0.6)
        for name, size, spread, centre in (
            ("conv1d.bias", channels, 0.3, 0.0),
            ("dt_bias", self.heads, 0.5, -1.0),
            ("A_log", self.heads, 0.7, 0.0),
            ("D", self.heads, 0.5, 1.0),
        ):
            full = f"{at}.{name}"
            self.weights[full] = self.checkpoint.random(full, [size], spread, centre)
        if has_norm:
            self.norm_weight(f"{at}.norm", self.inner)
        self.matrix(f"{at}.out_proj", width, self.inner)

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config[self.EPS])

    def gated_norm(self, y, z, at):
        return self.norm(y * silu(z), f"{at}.norm")

    def mix(self, x, at, factors=(1, 1, 1, 1, 1)):
        tokens, shared = len(x), self.groups * self.rows
        sizes = [self.inner, self.inner, shared, shared, self.heads]
        parts = [part * by for part, by in zip(self.linear(x, f"{at}.in_proj").split(sizes, -1), factors)]
        z, mixed, dt = parts[0], torch.cat(parts[1:4], -1), parts[4]
        mixed = silu(convolve(mixed, self.weights[f"{at}.conv1d"]) + self.weights[f"{at}.conv1d.bias"])
        values, b, c = mixed.split([self.inner, shared, shared], -1)
        each = self.heads // self.groups
        b, c = (part.reshape(tokens, self.groups, self.rows).repeat_interleave(each, 1) for part in (b, c))
        dt = torch.nn.functional.softplus(dt + self.weights[f"{at}.dt_bias"])
        decay, skip = -torch.exp(self.weights[f"{at}.A_log"]), self.weights[f"{at}.D"]
        y = state_space(values.reshape(tokens, self.heads, -1), dt, decay, b, c, skip).reshape(tokens, -1)
        return self.linear(self.gated_norm(y, z, at), f"{at}.out_proj")

    def logits_of(self, ids):
        x = self.weights["backbone.embeddings"][ids]
        for index in range(self.config["num_hidden_layers"]):
            at = f"backbone.layers.{index}"
            x = x + self.mix(self.norm(x, f"{at}.norm"), f"{at}.mixer")
        return self.linear(self.norm(x[-1], "backbone.norm_f"), "lm_head"), torch.inf


class FalconH1(Mamba2):
    EPS = "rms_norm_eps"

    def make(self):
        config, width, hidden = self.config, self.config["hidden_size"], self.config["intermediate_size"]
        self.heads, self.groups, self.rows = (config[f"mamba_{name}"] for name in ("n_heads", "n_groups", "d_state"))
        self.inner, self.taps, d = config["mamba_d_ssm"], config["mamba_d_conv"], config["head_dim"]
        queries, keys = (d * config[f"num_{name}_heads"] for name in ("attention", "key_value"))
        self.random("model.embed_tokens", [VOCABULARY, width], 1.0)
        for index in range(config["num_hidden_layers"]):
            at = f"model.layers.{index}"
            self.norm_weight(f"{at}.input_layernorm", width)
            self.make_mixer(f"{at}.mamba", config["mamba_rms_norm"])
            for name, rows, columns in (
                ("self_attn.q_proj", queries, width),
                ("self_attn.k_proj", keys, width),
                ("self_attn.v_proj", keys, width),
                ("self_attn.o_proj", width, queries),
                ("feed_forward.gate_proj", hidden, width),
                ("feed_forward.up_proj", hidden, width),
                ("feed_forward.down_proj", width, hidden),
            ):
                self.matrix(f"{at}.{name}", rows, columns, 1.5)
            self.norm_weight(f"{at}.pre_ff_layernorm", width)
        self.norm_weight("model.final_layernorm", width)
        self.matrix("lm_head", VOCABULARY, width, 4.0)

    def gated_norm(self, y, z, at):
        if not self.config["mamba_rms_norm"]:
            return y * silu(z)
        gated = y if self.config["mamba_norm_before_gate"] else y * silu(z)
        parts = gated.reshape(len(y), self.groups, -1)
        normed = (parts / torch.sqrt((parts * parts).mean(-1, keepdim=True) + self.config[self.EPS])).reshape(y.shape)
        normed = normed * self.weights[f"{at}.norm"]
        return normed * silu(z) if self.config["mamba_norm_before_gate"] else normed

    def attend(self, x, at):
        x = x * self.config["attention_in_multiplier"]
        q, k, v = (self.linear(x, f"{at}.{name}_proj").reshape(len(x), -1, self.config["head_dim"]) for name in "qkv")
        attended = attention(q, k * self.config["key_multiplier"], v, self.config["rope_theta"])
        return self.linear(attended, f"{at}.o_proj") * self.config["attention_out_multiplier"]

    def feed(self, x, at):
        gate, down = self.config["mlp_multipliers"]
        inner = silu(self.linear(x, f"{at}.gate_proj") * gate) * self.linear(x, f"{at}.up_proj")
        return self.linear(inner, f"{at}.down_proj") * down

    def logits_of(self, ids):
        config = self.config
        x = self.weights["model.embed_tokens"][ids] * config["embedding_multiplier"]
        for index in range(config["num_hidden_layers"]):
            at = f"model.layers.{index}"
            normed = self.norm(x, f"{at}.input_layernorm")
            state = self.mix(normed * config["ssm_in_multiplier"], f"{at}.mamba", config["ssm_multipliers"])
            x = x + state * config["ssm_out_multiplier"] + self.attend(normed, f"{at}.self_attn")
            x = x + self.feed(self.norm(x, f"{at}.pre_ff_layernorm"), f"{at}.feed_forward")
        logits = self.linear(self.norm(x[-1], "model.final_layernorm"), "lm_head")
        return logits * config["lm_head_multiplier"], torch.inf


class GraniteHybrid(Mamba2):
    EPS = "rms_norm_eps"

    def make(self):
        config, width = self.config, self.config["hidden_size"]
        self.heads, self.groups, self.rows = (config[f"mamba_{name}"] for name in ("n_heads", "n_groups", "d_state"))
        self.inner, self.taps = config["mamba_expand"] * width, config["mamba_d_conv"]
        self.head_width, hidden = width // config["num_attention_heads"], config["shared_intermediate_size"]
        keys = config["num_key_value_heads"] * self.head_width
        self.random("model.embed_tokens", [VOCABULARY, width], 1.0)
        for index, kind in enumerate(config["layer_types"]):
            at = f"model.layers.{index}"
            self.norm_weight(f"{at}.input_layernorm", width)
            if kind == "mamba":
                self.make_mixer(f"{at}.mamba")
            else:
                for name, rows in ("q_proj", width), ("k_proj", keys), ("v_proj", keys), ("o_proj", width):
                    self.matrix(f"{at}.self_attn.{name}", rows, width, 2.0)
            self.norm_weight(f"{at}.post_attention_layernorm", width)
            self.matrix(f"{at}.shared_mlp.input_linear", 2 * hidden, width, 2.0)
            self.matrix(f"{at}.shared_mlp.output_linear", width, hidden, 2.0)
            experts, small = config["num_local_experts"], config["intermediate_size"]
            if experts:
                self.matrix(f"{at}.block_sparse_moe.router.layer", experts, width, 1.5)
                self.random(f"{at}.block_sparse_moe.input_linear", [experts, 2 * small, width], 2.0 / width**0.5)
                self.random(f"{at}.block_sparse_moe.output_linear", [experts, width, small], 2.0 / small**0.5)
        self.norm_weight("model.norm", width)
        self.matrix("lm_head", VOCABULARY, width, 8.0)

    def attend(self, x, at):
        q, k, v = (self.linear(x, f"{at}.{name}_proj").reshape(len(x), -1, self.head_width) for name in "qkv")
        q = q * self.config["attention_multiplier"] * self.head_width**0.5
        share = 1.0 if self.config["position_embedding_type"] == "rope" else 0.0
        return self.linear(attention(q, k, v, self.config.get("rope_theta", 1.0), share), f"{at}.o_proj")

    def feed(self, x, at):
        gate, up = self.linear(x, f"{at}.shared_mlp.input_linear").chunk(2, -1)
        y = self.linear(silu(gate) * up, f"{at}.shared_mlp.output_linear")
        if not self.config["num_local_experts"]:
            return y
        k, at = self.config["num_experts_per_tok"], f"{at}.block_sparse_moe"
        scores = self.linear(x, f"{at}.router.layer")
        best = scores.topk(k, -1)
        self.gap = min(self.gap, gap_after(scores, k))
        rows = []
        for token, chosen, share in zip(x, best.indices, torch.softmax(best.values, -1)):
            row = 0
            for expert, weight in zip(chosen, share):
                gate, up = (self.weights[f"{at}.input_linear"][expert] @ token).chunk(2)
                row = row + weight * (self.weights[f"{at}.output_linear"][expert] @ (silu(gate) * up))
            rows.append(row)
        return y + torch.stack(rows)

    def logits_of(self, ids):
        config, self.gap = self.config, torch.inf
        x, r = self.weights["model.embed_tokens"][ids] * config["embedding_multiplier"], config["residual_multiplier"]
        for index, kind in enumerate(config["layer_types"]):
            at = f"model.layers.{index}"
            normed = self.norm(x, f"{at}.input_layernorm")
            x = x + r * (self.mix(normed, f"{at}.mamba") if kind == "mamba" else self.attend(normed, f"{at}.self_attn"))
            x = x + r * self.feed(self.norm(x, f"{at}.post_attention_layernorm"), at)
        return self.linear(self.norm(x[-1], "model.norm"), "lm_head") / config["logits_scaling"], self.gap


for name, kind, config, seed in (
    ("lfm2", Lfm2, LFM2, 3),
    ("qwen3-next", QwenNext, QWEN3_NEXT, 2),
    ("qwen3.5", QwenNext, QWEN3_5, 8),
    ("mamba2", Mamba2, MAMBA2, 1),
    ("falcon-h1", FalconH1, FALCON_H1, 6),
    ("falcon-h1-norm", FalconH1, {**FALCON_H1, "mamba_rms_norm": True}, 27),
    ("granite-hybrid", GraniteHybrid, GRANITE, 1),
    ("granite-hybrid-moe", GraniteHybrid, {**GRANITE, **MOE}, 21),
):
    model = kind(config, seed)
    write(name, config, model.checkpoint, model.logits_of)
