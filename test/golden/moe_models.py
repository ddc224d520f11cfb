"""Golden data of Qwen2-MoE, Qwen3-MoE and OLMoE: `/usr/bin/python3 test/golden/moe_models.py` writes a folder of each.

It needs PyTorch (`apt-get install python3-torch`), takes seconds and gives the same files every time. What differs
between the three:

- qwen2-moe: biases of q, k and v; shares of all experts; a shared expert, times the sigmoid of a gate of its own; layer 1
  is dense because `mlp_only_layers` names it.
- qwen3-moe: heads wider than width / heads, q and k normed head by head; shares of the chosen; layers 0 and 2 are dense
  because of `decoder_sparse_step`.
- olmoe: q and k normed over all their heads at once; shares of all experts; nothing is dense.
"""

import torch
from checkpoint import VOCABULARY, Checkpoint, causal, gap_after, rms_norm, silu, write

SHARED = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_experts": 8,
    "max_position_embeddings": 128,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
}
MODELS = {
    "qwen2-moe": {
        "architectures": ["Qwen2MoeForCausalLM"],
        "model_type": "qwen2_moe",
        **SHARED,
        "num_hidden_layers": 3,
        "intermediate_size": 56,
        "moe_intermediate_size": 24,
        "shared_expert_intermediate_size": 40,
        "num_experts_per_tok": 3,
        "norm_topk_prob": False,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [1],
        "qkv_bias": True,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "sliding_window": 32768,
        "max_window_layers": 2,
        "use_sliding_window": False,
    },
    "qwen3-moe": {
        "architectures": ["Qwen3MoeForCausalLM"],
        "model_type": "qwen3_moe",
        **SHARED,
        "num_hidden_layers": 4,
        "head_dim": 16,
        "intermediate_size": 48,
        "moe_intermediate_size": 24,
        "num_experts_per_tok": 2,
        "norm_topk_prob": True,
        "decoder_sparse_step": 2,
        "mlp_only_layers": [],
        "attention_bias": False,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "sliding_window": None,
        "use_sliding_window": False,
    },
    "olmoe": {
        "architectures": ["OlmoeForCausalLM"],
        "model_type": "olmoe",
        **SHARED,
        "num_hidden_layers": 3,
        "intermediate_size": 24,
        "num_experts_per_tok": 3,
        "norm_topk_prob": False,
        "attention_bias": False,
        "clip_qkv": None,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
    },
}
SEEDS = {"qwen2-moe": 40, "qwen3-moe": 40, "olmoe": 27}


def head_width(config):
    return config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])


def is_dense(config, index):
    """Whether a layer has one feed-forward layer for all tokens."""
    step, named = config.get("decoder_sparse_step", 1), config.get("mlp_only_layers", [])
    return index in named or (index + 1) % step != 0


class Model:
    """A random model: its weights by their names, and a forward pass over all tokens."""

    def __init__(self, config, seed):
        self.config = config
        self.family = config["model_type"]
        self.checkpoint = Checkpoint(seed)
        self.weights = {}
        self.make()

    def matrix(self, name, rows, columns, gain=1.0):
        self.weights[name] = self.checkpoint.matrix(f"{name}.weight", [rows, columns], gain)

    def norm_weight(self, name, width):
        self.weights[name] = self.checkpoint.norm(f"{name}.weight", width)

    def feed_forward_weights(self, name, hidden, gain=1.0):
        width = self.config["hidden_size"]
        self.matrix(f"{name}.gate_proj", hidden, width, 2.0)
        self.matrix(f"{name}.up_proj", hidden, width)
        self.matrix(f"{name}.down_proj", width, hidden, gain)

    def make(self):
        config, width = self.config, self.config["hidden_size"]
        queries = config["num_attention_heads"] * head_width(config)
        keys = config["num_key_value_heads"] * head_width(config)
        self.weights["embedding"] = self.checkpoint.random("model.embed_tokens.weight", [VOCABULARY, width], 1.0)
        for index in range(config["num_hidden_layers"]):
            at = f"model.layers.{index}"
            self.norm_weight(f"{at}.input_layernorm", width)
            for name, rows in ("q_proj", queries), ("k_proj", keys), ("v_proj", keys):
                self.matrix(f"{at}.self_attn.{name}", rows, width)
                if self.family == "qwen2_moe":
                    bias = f"{at}.self_attn.{name}.bias"
                    self.weights[bias] = self.checkpoint.random(bias, [rows], 0.5)
            self.matrix(f"{at}.self_attn.o_proj", width, queries)
            if self.family == "qwen3_moe":
                self.norm_weight(f"{at}.self_attn.q_norm", head_width(config))
                self.norm_weight(f"{at}.self_attn.k_norm", head_width(config))
            if self.family == "olmoe":
                self.norm_weight(f"{at}.self_attn.q_norm", queries)
                self.norm_weight(f"{at}.self_attn.k_norm", keys)
            self.norm_weight(f"{at}.post_attention_layernorm", width)
            self.make_mlp(f"{at}.mlp", is_dense(config, index))
        self.norm_weight("model.norm", width)
        self.matrix("lm_head", VOCABULARY, width, 2.0)

    def make_mlp(self, at, dense):
        config = self.config
        if dense:
            self.feed_forward_weights(at, config["intermediate_size"])
            return
        self.matrix(f"{at}.gate", config["num_experts"], config["hidden_size"], 1.5)
        for expert in range(config["num_experts"]):
            hidden = config.get("moe_intermediate_size", config["intermediate_size"])
            self.feed_forward_weights(f"{at}.experts.{expert}", hidden, 2.0)
        if self.family == "qwen2_moe":
            self.feed_forward_weights(f"{at}.shared_expert", config["shared_expert_intermediate_size"], 2.0)
            self.matrix(f"{at}.shared_expert_gate", 1, config["hidden_size"], 2.0)

    def linear(self, x, name):
        bias = self.weights.get(f"{name}.bias")
        y = x @ self.weights[name].T
        return y if bias is None else y + bias

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config["rms_norm_eps"])

    def rotate(self, x):
        """Turns each head [tokens, heads, d]: element i together with element i + d / 2."""
        half = x.shape[-1] // 2
        frequencies = self.config["rope_theta"] ** (-torch.arange(half) / half)
        angles = torch.arange(x.shape[0])[:, None, None] * frequencies
        cosine, sine = torch.cos(angles), torch.sin(angles)
        first, second = x[..., :half], x[..., half:]
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)

    def attend(self, x, at):
        config, tokens, width = self.config, x.shape[0], head_width(self.config)
        q, k, v = (self.linear(x, f"{at}.{name}") for name in ("q_proj", "k_proj", "v_proj"))
        if self.family == "olmoe":
            q, k = self.norm(q, f"{at}.q_norm"), self.norm(k, f"{at}.k_norm")
        q, k, v = (rows.reshape(tokens, -1, width) for rows in (q, k, v))
        if self.family == "qwen3_moe":
            q, k = self.norm(q, f"{at}.q_norm"), self.norm(k, f"{at}.k_norm")
        q, k = self.rotate(q), self.rotate(k)
        results = []
        for head in range(config["num_attention_heads"]):
            group = head * config["num_key_value_heads"] // config["num_attention_heads"]
            scores = (q[:, head] @ k[:, group].T / width**0.5).masked_fill(~causal(tokens), -torch.inf)
            exponentials = torch.exp(scores)
            results.append(exponentials / exponentials.sum(-1, keepdim=True) @ v[:, group])
        return self.linear(torch.cat(results, -1), f"{at}.o_proj")

    def feed_forward(self, x, at):
        hidden = silu(self.linear(x, f"{at}.gate_proj")) * self.linear(x, f"{at}.up_proj")
        return self.linear(hidden, f"{at}.down_proj")

    def mix(self, x, at):
        """The experts' sum, and the smallest distance between a choice and what was not chosen."""
        k = self.config["num_experts_per_tok"]
        logits = self.linear(x, f"{at}.gate")
        rows = []
        for token, row in zip(x, logits):
            exponentials = torch.exp(row)
            chosen = row.topk(k).indices
            whole = exponentials[chosen].sum() if self.config["norm_topk_prob"] else exponentials.sum()
            parts = [exponentials[e] / whole * self.feed_forward(token, f"{at}.experts.{e}") for e in chosen.tolist()]
            rows.append(torch.stack(parts).sum(0))
        y = torch.stack(rows)
        if self.family == "qwen2_moe":
            gate = 1 / (1 + torch.exp(-self.linear(x, f"{at}.shared_expert_gate")))
            y = y + gate * self.feed_forward(x, f"{at}.shared_expert")
        return y, gap_after(logits, k)

    def logits_of(self, ids):
        x = self.weights["embedding"][ids]
        nearest = torch.inf
        for index in range(self.config["num_hidden_layers"]):
            at = f"model.layers.{index}"
            x = x + self.attend(self.norm(x, f"{at}.input_layernorm"), f"{at}.self_attn")
            normed = self.norm(x, f"{at}.post_attention_layernorm")
            if is_dense(self.config, index):
                x = x + self.feed_forward(normed, f"{at}.mlp")
                continue
            y, distance = self.mix(normed, f"{at}.mlp")
            x = x + y
            nearest = min(nearest, distance)
        return self.linear(self.norm(x[-1], "model.norm"), "lm_head"), nearest


for name, config in MODELS.items():
    model = Model(config, SEEDS[name])
    write(name, config, model.checkpoint, model.logits_of)
