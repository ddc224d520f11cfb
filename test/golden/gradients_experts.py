"""Golden gradients of Llama and of mixtures of experts: `/usr/bin/python3 test/golden/gradients_experts.py` writes a folder of each.

As gradients.py, which has what they share. It prints how near any choice of an expert, in any step, was to another one:
with these seeds too far for rounding to f32 to change it.

- gradients-llama: RMS norms, rotary positions, two query heads of a key and value head, SwiGLU, a head of its own.
- gradients-mixtral: the same with two of five experts for a token, their shares of the chosen; the head is the embedding.
- gradients-gpt-oss: sinks, a window in every second layer, biases everywhere, clamped gates and ups, experts in one tensor
  stored inputs before outputs.
"""

import math

import torch
from checkpoint import Checkpoint, causal, gap_after, rms_norm, silu
from gradients import LAYERS, VOCABULARY, attend, llama_like, rotated, write

LLAMA = {"width": 32, "heads": 4, "kv": 2, "head": 8, "hidden": 44, "theta": 10000.0, "eps": 1e-5}
MIXTRAL = {"width": 32, "heads": 6, "kv": 2, "head": 8, "hidden": 20, "experts": 5, "chosen": 2, "theta": 10000.0, "eps": 1e-5}
GPT_OSS = {
    **{"width": 32, "heads": 6, "kv": 2, "head": 8, "hidden": 20, "experts": 5, "chosen": 2, "window": 4},
    **{"limit": 7.0, "slope": 1.702, "theta": 10000.0, "eps": 1e-5},
}
NORMS = ["input_layernorm", "post_attention_layernorm"]
nearest = [math.inf]


def chosen_of(keys, k):
    """The k largest of each row; remembers how near the next one was."""
    nearest[0] = min(nearest[0], gap_after(keys.detach(), k))
    return keys.topk(k, -1).indices


def combined(x, chosen, shares, count, expert):
    """The sum of each row's experts, each times its share; `expert` computes one for all rows, also where none has it: so
    that its gradient is 0 and not missing, and AdamW goes on with it."""
    y = torch.zeros_like(x)
    for index in range(count):
        share = (shares * (chosen == index)).sum(-1, keepdim=True)
        y = y + share * expert(index, x)
    return y


def llama_layers(sizes, feed, layers=LAYERS):
    """Logits of a model with Llama's attention, its feed-forward layers by `feed(own, y)`."""
    d, h, g, eps = sizes["head"], sizes["heads"], sizes["kv"], sizes["eps"]

    def logits(w, ids):
        x = w("model.embed_tokens.weight")[ids]
        for layer in range(layers):
            def own(name):
                return w(f"model.layers.{layer}.{name}.weight")

            y = rms_norm(x, own("input_layernorm"), eps)
            q, k, v = ((y @ own(f"self_attn.{n}_proj").T).unflatten(-1, (count, d)) for n, count in (("q", h), ("k", g), ("v", g)))
            q, k = rotated(q, sizes["theta"]), rotated(k, sizes["theta"])
            x = x + attend(q, k, v, d**-0.5) @ own("self_attn.o_proj").T
            x = x + feed(own, rms_norm(x, own("post_attention_layernorm"), eps))
        head = w("lm_head.weight") if "lm_head.weight" in w.tensors else w("model.embed_tokens.weight")
        return rms_norm(x, w("model.norm.weight"), eps) @ head.T

    return logits


def dense_feed(own, y):
    return (silu(y @ own("mlp.gate_proj").T) * (y @ own("mlp.up_proj").T)) @ own("mlp.down_proj").T


def mixture_feed(k):
    """Mixtral's layer of experts, k of them for a token."""

    def feed(own, y):
        router = y @ own("block_sparse_moe.gate").T
        chosen = chosen_of(router, k)
        shares = router.softmax(-1).gather(-1, chosen)
        shares = shares / shares.sum(-1, keepdim=True)

        def expert(index, y):
            one, two, three = (own(f"block_sparse_moe.experts.{index}.w{n}").T for n in (1, 2, 3))
            return (silu(y @ one) * (y @ three)) @ two

        return combined(y, chosen, shares, router.shape[-1], expert)

    return feed


def llama():
    checkpoint, config = llama_like(71, LLAMA, NORMS, 0.0)
    checkpoint.matrix("lm_head.weight", [VOCABULARY, LLAMA["width"]], 1.2)
    config |= {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "mlp_bias": False,
    }

    return "gradients-llama", config, checkpoint, llama_layers(LLAMA, dense_feed)


def mixtral():
    plain, config = llama_like(66, MIXTRAL, NORMS, 0.0)
    checkpoint = Checkpoint(67)
    for name, tensor in plain.stored.items():
        if ".mlp." not in name:
            checkpoint.keep(name, tensor)
    c, f, e = (MIXTRAL[name] for name in ("width", "hidden", "experts"))
    for layer in range(LAYERS):
        at = f"model.layers.{layer}.block_sparse_moe."
        checkpoint.matrix(f"{at}gate.weight", [e, c], 1.5)
        for expert in range(e):
            for name, shape in {"w1": [f, c], "w2": [c, f], "w3": [f, c]}.items():
                checkpoint.matrix(f"{at}experts.{expert}.{name}.weight", shape, 1.2)
    config |= {
        "architectures": ["MixtralForCausalLM"],
        "model_type": "mixtral",
        "hidden_act": "silu",
        "num_local_experts": e,
        "num_experts_per_tok": MIXTRAL["chosen"],
        "tie_word_embeddings": True,
        "sliding_window": None,
    }

    return "gradients-mixtral", config, checkpoint, llama_layers(MIXTRAL, mixture_feed(MIXTRAL["chosen"]))


def sink_attend(q, k, v, sinks, window):
    """As attend, with one more score a head, whose value is nothing."""
    share = q.shape[2] // k.shape[2]
    q, k, v = (x.transpose(1, 2) for x in (q, k.repeat_interleave(share, 2), v.repeat_interleave(share, 2)))
    scores = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).masked_fill(~causal(q.shape[2], window), -math.inf)
    sink = sinks[None, :, None, None].expand(*scores.shape[:-1], 1)
    return (torch.cat([scores, sink], -1).softmax(-1)[..., :-1] @ v).transpose(1, 2).flatten(2)


def gpt_oss():
    s = GPT_OSS
    checkpoint = Checkpoint(69)
    c, d, h, g, f, e = (s[name] for name in ("width", "head", "heads", "kv", "hidden", "experts"))
    checkpoint.matrix("model.embed_tokens.weight", [VOCABULARY, c], 0.7)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for norm in NORMS:
            checkpoint.norm(f"{at}{norm}.weight", c)
        for name, shape in {"q": [h * d, c], "k": [g * d, c], "v": [g * d, c], "o": [c, h * d]}.items():
            checkpoint.matrix(f"{at}self_attn.{name}_proj.weight", shape, 1.2)
            checkpoint.random(f"{at}self_attn.{name}_proj.bias", shape[:1], 0.3)
        checkpoint.random(f"{at}self_attn.sinks", [h], 1.0, 0.5)
        checkpoint.matrix(f"{at}mlp.router.weight", [e, c], 1.5)
        checkpoint.random(f"{at}mlp.router.bias", [e], 0.5)
        checkpoint.matrix(f"{at}mlp.experts.gate_up_proj", [e, c, 2 * f], 2.0, inputs=1)
        checkpoint.random(f"{at}mlp.experts.gate_up_proj_bias", [e, 2 * f], 4.0)
        checkpoint.matrix(f"{at}mlp.experts.down_proj", [e, f, c], 0.5, inputs=1)
        checkpoint.random(f"{at}mlp.experts.down_proj_bias", [e, c], 0.3)
    checkpoint.norm("model.norm.weight", c)
    checkpoint.matrix("lm_head.weight", [VOCABULARY, c], 1.2)
    config = {
        "architectures": ["GptOssForCausalLM"],
        "model_type": "gpt_oss",
        "vocab_size": VOCABULARY,
        "hidden_size": c,
        "intermediate_size": f,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": h,
        "num_key_value_heads": g,
        "head_dim": d,
        "num_local_experts": e,
        "num_experts_per_tok": s["chosen"],
        "sliding_window": s["window"],
        "layer_types": ["sliding_attention", "full_attention"],
        "max_position_embeddings": 32,
        "rope_theta": s["theta"],
        "rms_norm_eps": s["eps"],
        "swiglu_limit": s["limit"],
        "hidden_act": "silu",
        "attention_bias": True,
        "tie_word_embeddings": False,
    }

    def logits(w, ids):
        x = w("model.embed_tokens.weight")[ids]
        for layer in range(LAYERS):
            def own(name):
                return w(f"model.layers.{layer}.{name}")

            def linear(y, name):
                return y @ own(f"{name}.weight").T + own(f"{name}.bias")

            y = rms_norm(x, own("input_layernorm.weight"), s["eps"])
            q, k, v = (linear(y, f"self_attn.{n}_proj").unflatten(-1, (count, d)) for n, count in (("q", h), ("k", g), ("v", g)))
            q, k = rotated(q, s["theta"]), rotated(k, s["theta"])
            attended = sink_attend(q, k, v, own("self_attn.sinks"), s["window"] if layer % 2 == 0 else None)
            x = x + linear(attended, "self_attn.o_proj")
            y = rms_norm(x, own("post_attention_layernorm.weight"), s["eps"])
            router = linear(y, "mlp.router")
            chosen = chosen_of(router, s["chosen"])

            def expert(index, y):
                both = y @ own("mlp.experts.gate_up_proj")[index] + own("mlp.experts.gate_up_proj_bias")[index]
                gate, up = both[..., 0::2], both[..., 1::2]
                gate, up = gate.clamp(max=s["limit"]), up.clamp(-s["limit"], s["limit"])
                hidden = (up + 1) * gate * torch.sigmoid(s["slope"] * gate)
                return hidden @ own("mlp.experts.down_proj")[index] + own("mlp.experts.down_proj_bias")[index]

            x = x + combined(y, chosen, router.gather(-1, chosen).softmax(-1), e, expert)
        return rms_norm(x, w("model.norm.weight"), s["eps"]) @ w("lm_head.weight").T

    return "gradients-gpt-oss", config, checkpoint, logits


def write_chosen(*made, **options):
    nearest[0] = math.inf
    write(*made, **options)
    print(f"  the nearest choice: {nearest[0]:.1e}")


if __name__ == "__main__":
    for made in (llama, mixtral, gpt_oss):
        write_chosen(*made())
