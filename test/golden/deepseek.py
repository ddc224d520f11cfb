"""Golden data of DeepSeek-V2 and V3 (DeepSeek-AI 2024): `/usr/bin/python3 test/golden/deepseek.py` writes three folders.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. What differs between them:

- deepseek-v2: queries from a latent, softmax scores, the two groups with the largest score, weights times a factor.
- deepseek-v2-lite: queries from the residual stream, softmax scores without groups, shares of all experts.
- deepseek-v3: sigmoid scores with a bias for the selection, groups by their top two, shares of the chosen times a factor.

Keys and values are computed from the latents for every head, as section 2.1 of the V2 report has it. Published code
gives experts of dropped groups the score 0 or minus infinity; the seed is one where both choose the same.
"""

import math

import torch
from checkpoint import VOCABULARY, Checkpoint, causal, gap_after, growth, rms_norm, silu, write, yarn_frequencies

WIDTH, LAYERS, HEADS, NOPE, ROPE, VALUE, KV_RANK, Q_RANK = 64, 3, 4, 16, 8, 12, 32, 24
DENSE, EXPERT, EXPERTS = 40, 12, 8
# Far apart, so that neither can stand for the other: of the latents' norms, and of all others.
LATENT_EPS, EPS = 1e-6, 1e-3
THETA = 100.0

SHARED = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": DENSE,
    "moe_intermediate_size": EXPERT,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "kv_lora_rank": KV_RANK,
    "qk_nope_head_dim": NOPE,
    "qk_rope_head_dim": ROPE,
    "v_head_dim": VALUE,
    "n_routed_experts": EXPERTS,
    "first_k_dense_replace": 1,
    "moe_layer_freq": 1,
    "max_position_embeddings": 1024,
    "rope_theta": THETA,
    "rms_norm_eps": EPS,
    "hidden_act": "silu",
    "attention_bias": False,
    "tie_word_embeddings": False,
}


def yarn(factor, mscale, mscale_all_dim):
    return {
        "type": "yarn",
        "factor": factor,
        "beta_fast": 4,
        "beta_slow": 1,
        "original_max_position_embeddings": 32,
        "mscale": mscale,
        "mscale_all_dim": mscale_all_dim,
    }


MODELS = {
    "deepseek-v2": {
        "architectures": ["DeepseekV2ForCausalLM"],
        "model_type": "deepseek_v2",
        **SHARED,
        "q_lora_rank": Q_RANK,
        "n_shared_experts": 2,
        "num_experts_per_tok": 3,
        "scoring_func": "softmax",
        "topk_method": "group_limited_greedy",
        "n_group": 4,
        "topk_group": 2,
        "norm_topk_prob": False,
        "routed_scaling_factor": 4.0,
        "rope_scaling": yarn(8, 1.0, 0.707),
    },
    "deepseek-v2-lite": {
        "architectures": ["DeepseekV2ForCausalLM"],
        "model_type": "deepseek_v2",
        **SHARED,
        "q_lora_rank": None,
        "n_shared_experts": 2,
        "num_experts_per_tok": 2,
        "scoring_func": "softmax",
        "topk_method": "greedy",
        "n_group": 1,
        "topk_group": 1,
        "norm_topk_prob": False,
        "routed_scaling_factor": 1.0,
        "rope_scaling": yarn(40, 0.707, 0.707),
    },
    "deepseek-v3": {
        "architectures": ["DeepseekV3ForCausalLM"],
        "model_type": "deepseek_v3",
        **SHARED,
        "q_lora_rank": Q_RANK,
        "n_shared_experts": 1,
        "num_experts_per_tok": 3,
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
        "n_group": 4,
        "topk_group": 2,
        "norm_topk_prob": True,
        "routed_scaling_factor": 2.5,
        "rope_scaling": yarn(8, 1.0, 1.0),
    },
}


def gated_layer(checkpoint, at, hidden, dtype=torch.float32):
    """Gate, up and down of a feed-forward layer."""
    gate = checkpoint.matrix(f"{at}.gate_proj.weight", [hidden, WIDTH], 2, dtype)
    up = checkpoint.matrix(f"{at}.up_proj.weight", [hidden, WIDTH], 2, dtype)
    return gate, up, checkpoint.matrix(f"{at}.down_proj.weight", [WIDTH, hidden], 1, dtype)


def make(checkpoint, config):
    """All weights by short names, the layers' as a list."""
    layers = []
    for index in range(LAYERS):
        at = f"model.layers.{index}"
        attention = f"{at}.self_attn"
        layer = {"norm": checkpoint.norm(f"{at}.input_layernorm.weight", WIDTH)}
        if config["q_lora_rank"]:
            layer["q_down"] = checkpoint.matrix(f"{attention}.q_a_proj.weight", [Q_RANK, WIDTH], 0.1)
            layer["q_norm"] = checkpoint.norm(f"{attention}.q_a_layernorm.weight", Q_RANK)
            layer["q_up"] = checkpoint.matrix(f"{attention}.q_b_proj.weight", [HEADS * (NOPE + ROPE), Q_RANK])
        else:
            layer["q"] = checkpoint.matrix(f"{attention}.q_proj.weight", [HEADS * (NOPE + ROPE), WIDTH])
        layer["kv_down"] = checkpoint.matrix(f"{attention}.kv_a_proj_with_mqa.weight", [KV_RANK + ROPE, WIDTH], 0.5)
        layer["kv_norm"] = checkpoint.norm(f"{attention}.kv_a_layernorm.weight", KV_RANK)
        layer["kv_up"] = checkpoint.matrix(f"{attention}.kv_b_proj.weight", [HEADS * (NOPE + VALUE), KV_RANK])
        layer["output"] = checkpoint.matrix(f"{attention}.o_proj.weight", [WIDTH, HEADS * VALUE])
        layer["mlp_norm"] = checkpoint.norm(f"{at}.post_attention_layernorm.weight", WIDTH)
        if index < config["first_k_dense_replace"]:
            layer["dense"] = gated_layer(checkpoint, f"{at}.mlp", DENSE)
        else:
            layer["router"] = checkpoint.matrix(f"{at}.mlp.gate.weight", [EXPERTS, WIDTH])
            if config["scoring_func"] == "sigmoid":
                layer["bias"] = checkpoint.random(f"{at}.mlp.gate.e_score_correction_bias", [EXPERTS], 0.2, 0.5)
            layer["experts"] = [
                gated_layer(checkpoint, f"{at}.mlp.experts.{expert}", EXPERT, torch.bfloat16)
                for expert in range(EXPERTS)
            ]
            layer["shared"] = gated_layer(checkpoint, f"{at}.mlp.shared_experts", EXPERT * config["n_shared_experts"])
        layers.append(layer)
    return {
        "layers": layers,
        "embedding": checkpoint.random("model.embed_tokens.weight", [VOCABULARY, WIDTH], 1.0),
        "norm": checkpoint.norm("model.norm.weight", WIDTH),
        "head": checkpoint.matrix("lm_head.weight", [VOCABULARY, WIDTH], 3),
    }


def rotate(x, scaling):
    """Turns [tokens, heads, ROPE] as complex numbers, whose parts are neighbours."""
    frequencies, amplitude = yarn_frequencies(ROPE, THETA, scaling)
    angles = torch.arange(x.shape[0])[:, None, None] * frequencies
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.full_like(angles, amplitude), angles)).flatten(-2)


def attend(x, layer, scaling):
    tokens = x.shape[0]
    if "q" in layer:
        q = x @ layer["q"].T
    else:
        q = rms_norm(x @ layer["q_down"].T, layer["q_norm"], LATENT_EPS) @ layer["q_up"].T
    q = q.reshape(tokens, HEADS, NOPE + ROPE)
    latent, key = (x @ layer["kv_down"].T).split([KV_RANK, ROPE], -1)
    latent = rms_norm(latent, layer["kv_norm"], LATENT_EPS)
    own, value = (latent @ layer["kv_up"].T).reshape(tokens, HEADS, NOPE + VALUE).split([NOPE, VALUE], -1)
    turned, shared = rotate(q[..., NOPE:], scaling), rotate(key[:, None], scaling)
    scale = (NOPE + ROPE) ** -0.5 * growth(scaling["factor"], scaling["mscale_all_dim"]) ** 2
    heads = []
    for head in range(HEADS):
        scores = q[:, head, :NOPE] @ own[:, head].T + turned[:, head] @ shared[:, 0].T
        weights = torch.softmax((scale * scores).masked_fill(~causal(tokens), -torch.inf), -1)
        heads.append(weights @ value[:, head])
    return torch.cat(heads, -1) @ layer["output"].T


def feed_forward(x, gate, up, down):
    return (silu(x @ gate.T) * (x @ up.T)) @ down.T


def choose(logits, layer, config, seen):
    """The experts of one token and their weights."""
    sigmoid = config["scoring_func"] == "sigmoid"
    scores = 1 / (1 + torch.exp(-logits)) if sigmoid else torch.softmax(logits, -1)
    keys = scores + layer["bias"] if sigmoid else scores
    k, groups, kept = config["num_experts_per_tok"], config["n_group"], config["topk_group"]
    free = keys.topk(k).indices.tolist()
    if groups > 1:
        members = keys.reshape(groups, -1)
        by_group = members.topk(2).values.sum(-1) if sigmoid else members.max(-1).values
        eligible = torch.zeros(groups, dtype=torch.bool).index_fill(0, by_group.topk(kept).indices, True)
        eligible = eligible.repeat_interleave(EXPERTS // groups)
        seen["margin"] = min(seen["margin"], gap_after(by_group, kept))
        other = keys.masked_fill(~eligible, 0.0)
        keys = keys.masked_fill(~eligible, -torch.inf)
        if other.topk(k).indices.tolist() != keys.topk(k).indices.tolist():
            raise SystemExit("experts of dropped groups would be chosen with 0; choose another seed")
        seen["grouped"] += keys.topk(k).indices.tolist() != free
    seen["margin"] = min(seen["margin"], gap_after(keys, k))
    if sigmoid:
        seen["biased"] += set(scores.masked_fill(keys.isinf(), -1).topk(k).indices.tolist()) != set(
            keys.topk(k).indices.tolist()
        )
    chosen = keys.topk(k).indices
    weights = scores[chosen]
    if config["norm_topk_prob"]:
        weights = weights / (weights.sum() + 1e-20)
    return chosen.tolist(), weights * config["routed_scaling_factor"]


def mix(x, layer, config, seen):
    rows = []
    for token in x:
        chosen, weights = choose(layer["router"] @ token, layer, config, seen)
        routed = sum(weight * feed_forward(token, *layer["experts"][expert]) for expert, weight in zip(chosen, weights))
        rows.append(routed + feed_forward(token, *layer["shared"]))
    return torch.stack(rows)


def forward(weights, ids, config, seen):
    x = weights["embedding"][ids]
    for layer in weights["layers"]:
        x = x + attend(rms_norm(x, layer["norm"], EPS), layer, config["rope_scaling"])
        normed = rms_norm(x, layer["mlp_norm"], EPS)
        x = x + (feed_forward(normed, *layer["dense"]) if "dense" in layer else mix(normed, layer, config, seen))
    return weights["head"] @ rms_norm(x[-1], weights["norm"], EPS)


SEEDS = {"deepseek-v2": 3, "deepseek-v2-lite": 4, "deepseek-v3": 3}

for name, config in MODELS.items():
    checkpoint = Checkpoint(SEEDS[name])
    weights = make(checkpoint, config)
    counts = {"grouped": 0, "biased": 0}

    def logits_of(ids):
        seen = {"margin": math.inf, **counts}
        logits = forward(weights, ids, config, seen)
        counts.update(grouped=seen["grouped"], biased=seen["biased"])
        return logits, seen["margin"]

    write(name, config, checkpoint, logits_of)
    print(f"{name}: choices that groups changed {counts['grouped']}, that the bias changed {counts['biased']}")
