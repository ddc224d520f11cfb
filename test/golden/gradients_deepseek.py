"""Golden gradients of DeepSeek-V3: `/usr/bin/python3 test/golden/gradients_deepseek.py` writes gradients-deepseek.

Latent attention with queries from a latent too, a dense layer, then two of six experts in groups of two, sigmoid scores
with a bias for the choice, shares of the chosen times a factor, and a shared expert. As gradients_experts.py, but with a
lower rate: at 1e-2 noise of 3e-6 in the gradients changes the losses by 1e-3 in 20 steps, at 3e-3 by 2e-5.
"""

import torch
from checkpoint import Checkpoint, rms_norm, silu
from gradients import LAYERS, VOCABULARY, attend
from gradients_experts import NORMS, chosen_of, combined, write_chosen

DEEPSEEK = {
    **{"width": 32, "heads": 3, "nope": 10, "rope": 6, "value": 12, "rank": 20, "query": 28, "dense": 44, "hidden": 24},
    **{"experts": 6, "chosen": 2, "groups": 3, "kept": 2, "factor": 2.5, "theta": 10000.0, "eps": 1e-5},
}


def deepseek():
    s = DEEPSEEK
    checkpoint = Checkpoint(81)
    c, h, nope, rope, value = (s[name] for name in ("width", "heads", "nope", "rope", "value"))

    def gated(at, hidden):
        for name, shape in {"gate": [hidden, c], "up": [hidden, c], "down": [c, hidden]}.items():
            checkpoint.matrix(f"{at}.{name}_proj.weight", shape, 1.2)

    checkpoint.matrix("model.embed_tokens.weight", [VOCABULARY, c], 0.7)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for norm, width in (*((norm, c) for norm in NORMS), ("self_attn.q_a_layernorm", s["query"]), ("self_attn.kv_a_layernorm", s["rank"])):
            checkpoint.norm(f"{at}{norm}.weight", width)
        for name, shape in {
            "q_a_proj": [s["query"], c],
            "q_b_proj": [h * (nope + rope), s["query"]],
            "kv_a_proj_with_mqa": [s["rank"] + rope, c],
            "kv_b_proj": [h * (nope + value), s["rank"]],
            "o_proj": [c, h * value],
        }.items():
            checkpoint.matrix(f"{at}self_attn.{name}.weight", shape, 1.2)
        if layer == 0:
            gated(f"{at}mlp", s["dense"])
            continue
        checkpoint.matrix(f"{at}mlp.gate.weight", [s["experts"], c], 1.5)
        checkpoint.random(f"{at}mlp.gate.e_score_correction_bias", [s["experts"]], 0.2)
        for expert in range(s["experts"]):
            gated(f"{at}mlp.experts.{expert}", s["hidden"])
        gated(f"{at}mlp.shared_experts", s["hidden"])
    checkpoint.norm("model.norm.weight", c)
    checkpoint.matrix("lm_head.weight", [VOCABULARY, c], 1.2)
    config = {
        "architectures": ["DeepseekV3ForCausalLM"],
        "model_type": "deepseek_v3",
        "vocab_size": VOCABULARY,
        "hidden_size": c,
        "intermediate_size": s["dense"],
        "moe_intermediate_size": s["hidden"],
        "num_hidden_layers": LAYERS,
        "num_attention_heads": h,
        "num_key_value_heads": h,
        "q_lora_rank": s["query"],
        "kv_lora_rank": s["rank"],
        "qk_nope_head_dim": nope,
        "qk_rope_head_dim": rope,
        "v_head_dim": value,
        "n_routed_experts": s["experts"],
        "num_experts_per_tok": s["chosen"],
        "n_shared_experts": 1,
        "first_k_dense_replace": 1,
        "moe_layer_freq": 1,
        "n_group": s["groups"],
        "topk_group": s["kept"],
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
        "norm_topk_prob": True,
        "routed_scaling_factor": s["factor"],
        "max_position_embeddings": 32,
        "rope_theta": s["theta"],
        "rms_norm_eps": s["eps"],
        "hidden_act": "silu",
        "attention_bias": False,
        "tie_word_embeddings": False,
    }

    def rotated(x):
        """Neighbours of [b, t, heads, rope] rotated by their position."""
        angles = torch.arange(x.shape[1])[:, None] * s["theta"] ** (-torch.arange(rope // 2) / (rope // 2))
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)[None, :, None, :]).flatten(-2)

    def logits(w, ids):
        x = w("model.embed_tokens.weight")[ids]
        for layer in range(LAYERS):
            def own(name):
                return w(f"model.layers.{layer}.{name}.weight")

            y = rms_norm(x, own("input_layernorm"), s["eps"])
            q = rms_norm(y @ own("self_attn.q_a_proj").T, own("self_attn.q_a_layernorm"), 1e-6) @ own("self_attn.q_b_proj").T
            q = q.unflatten(-1, (h, nope + rope))
            latent, key = (y @ own("self_attn.kv_a_proj_with_mqa").T).split([s["rank"], rope], -1)
            latent = rms_norm(latent, own("self_attn.kv_a_layernorm"), 1e-6)
            k, v = (latent @ own("self_attn.kv_b_proj").T).unflatten(-1, (h, nope + value)).split([nope, value], -1)
            k = torch.cat([k, rotated(key[:, :, None]).expand(-1, -1, h, -1)], -1)
            q = torch.cat([q[..., :nope], rotated(q[..., nope:])], -1)
            x = x + attend(q, k, v, (nope + rope) ** -0.5) @ own("self_attn.o_proj").T
            y = rms_norm(x, own("post_attention_layernorm"), s["eps"])

            def gated(at, y):
                return (silu(y @ own(f"{at}.gate_proj").T) * (y @ own(f"{at}.up_proj").T)) @ own(f"{at}.down_proj").T

            if layer == 0:
                x = x + gated("mlp", y)
                continue
            scores = torch.sigmoid(y @ own("mlp.gate").T)
            keys = scores.detach() + w(f"model.layers.{layer}.mlp.gate.e_score_correction_bias").detach()
            members = keys.unflatten(-1, (s["groups"], -1))
            kept = chosen_of(members.topk(2, -1).values.sum(-1), s["kept"])
            eligible = torch.zeros_like(members[..., 0]).scatter(-1, kept, 1.0).bool()[..., None].expand_as(members)
            chosen = chosen_of(keys.masked_fill(~eligible.flatten(-2), -9.0), s["chosen"])
            shares = scores.gather(-1, chosen)
            shares = s["factor"] * shares / (shares.sum(-1, keepdim=True) + 1e-20)
            routed = combined(y, chosen, shares, s["experts"], lambda index, y: gated(f"mlp.experts.{index}", y))
            x = x + routed + gated("mlp.shared_experts", y)
        return rms_norm(x, w("model.norm.weight"), s["eps"]) @ w("lm_head.weight").T

    return "gradients-deepseek", config, checkpoint, logits


if __name__ == "__main__":
    write_chosen(*deepseek(), rate=3e-3)
