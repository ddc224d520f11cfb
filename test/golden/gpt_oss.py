"""Golden data of gpt-oss (OpenAI 2025, model card and reference code): `python3 gpt_oss.py` writes two folders.

`gpt-oss` has its experts as bfloat16, `gpt-oss-mxfp4` in blocks of 32 four-bit numbers with a scale. The window is shorter
than the prompt, some gates and ups are clamped, and the ramp of yarn ends between pairs.
"""

import torch
from checkpoint import VOCABULARY, Checkpoint, causal, gap_after, rms_norm, write, yarn_frequencies

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD, EXPERTS, CHOSEN = 64, 3, 4, 2, 16, 8, 2
WINDOW, LIMIT, SLOPE, EPS, THETA = 8, 7.0, 1.702, 1e-5, 1000.0
SCALING = {
    "rope_type": "yarn",
    "factor": 8.0,
    "beta_fast": 4.0,
    "beta_slow": 1.0,
    "original_max_position_embeddings": 32,
    "truncate": False,
}
# OCP microscaling formats 1.0, table 5: sign, two bits of exponent, one of mantissa.
E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def config(hidden):
    return {
        "architectures": ["GptOssForCausalLM"],
        "model_type": "gpt_oss",
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "intermediate_size": hidden,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD,
        "num_local_experts": EXPERTS,
        "num_experts_per_tok": CHOSEN,
        "sliding_window": WINDOW,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "max_position_embeddings": 128,
        "rope_theta": THETA,
        "rope_scaling": SCALING,
        "rms_norm_eps": EPS,
        "swiglu_limit": LIMIT,
        "hidden_act": "silu",
        "attention_bias": True,
        "tie_word_embeddings": False,
    }


def packed(checkpoint, name, rows, inputs):
    """A matrix [expert, rows, inputs] as blocks and scales; an even input is the low half of its byte."""
    blocks = checkpoint.integers(f"{name}_blocks", [EXPERTS, rows, inputs // 32, 16], 0, 256)
    scales = checkpoint.integers(f"{name}_scales", [EXPERTS, rows, inputs // 32], 121, 125)
    codes = torch.stack([blocks % 16, blocks // 16], -1).flatten(-2).long()
    return (E2M1[codes] * 2.0 ** (scales.double()[..., None] - 127)).flatten(-2)


def experts(checkpoint, prefix, hidden, mxfp4):
    """Gate and up [expert, 2 · hidden, width], alternating, and down [expert, width, hidden]."""
    if mxfp4:
        both = packed(checkpoint, f"{prefix}.gate_up_proj", 2 * hidden, WIDTH)
        return both, packed(checkpoint, f"{prefix}.down_proj", WIDTH, hidden)
    # Stored the other way round: inputs before outputs.
    both = checkpoint.matrix(f"{prefix}.gate_up_proj", [EXPERTS, WIDTH, 2 * hidden], 2, torch.bfloat16, inputs=1)
    down = checkpoint.matrix(f"{prefix}.down_proj", [EXPERTS, hidden, WIDTH], 0.5, torch.bfloat16, inputs=1)
    return both.transpose(1, 2), down.transpose(1, 2)


def make(checkpoint, hidden, mxfp4):
    """All weights by short names, the layers' as a list."""
    layers = []
    for index in range(LAYERS):
        at = f"model.layers.{index}"
        layer = {"norm": checkpoint.norm(f"{at}.input_layernorm.weight", WIDTH)}
        for name, rows, inputs in [
            ("q_proj", HEADS * HEAD, WIDTH),
            ("k_proj", KV_HEADS * HEAD, WIDTH),
            ("v_proj", KV_HEADS * HEAD, WIDTH),
            ("o_proj", WIDTH, HEADS * HEAD),
        ]:
            weight = checkpoint.matrix(f"{at}.self_attn.{name}.weight", [rows, inputs])
            layer[name] = (weight, checkpoint.random(f"{at}.self_attn.{name}.bias", [rows], 0.3))
        layer["sinks"] = checkpoint.random(f"{at}.self_attn.sinks", [HEADS], 1.0, 0.5)
        layer["mlp_norm"] = checkpoint.norm(f"{at}.post_attention_layernorm.weight", WIDTH)
        router = checkpoint.matrix(f"{at}.mlp.router.weight", [EXPERTS, WIDTH])
        layer["router"] = (router, checkpoint.random(f"{at}.mlp.router.bias", [EXPERTS], 0.5))
        layer["gate_up"], layer["down"] = experts(checkpoint, f"{at}.mlp.experts", hidden, mxfp4)
        layer["gate_up_bias"] = checkpoint.random(f"{at}.mlp.experts.gate_up_proj_bias", [EXPERTS, 2 * hidden], 3)
        layer["down_bias"] = checkpoint.random(f"{at}.mlp.experts.down_proj_bias", [EXPERTS, WIDTH], 0.3)
        layers.append(layer)
    return {
        "layers": layers,
        "embedding": checkpoint.random("model.embed_tokens.weight", [VOCABULARY, WIDTH], 1.0),
        "norm": checkpoint.norm("model.norm.weight", WIDTH),
        "head": checkpoint.matrix("lm_head.weight", [VOCABULARY, WIDTH], 3),
    }


def rotate(x):
    """Turns each head [tokens, heads, HEAD]: element i together with element i + HEAD / 2."""
    frequencies, amplitude = yarn_frequencies(HEAD, THETA, SCALING)
    angles = torch.arange(x.shape[0])[:, None, None] * frequencies
    cosine, sine = amplitude * torch.cos(angles), amplitude * torch.sin(angles)
    first, second = x[..., : HEAD // 2], x[..., HEAD // 2 :]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


def attend(x, layer, window):
    tokens = x.shape[0]
    q, k, v = (
        (x @ weight.T + bias).reshape(tokens, -1, HEAD)
        for weight, bias in (layer["q_proj"], layer["k_proj"], layer["v_proj"])
    )
    q, k = rotate(q), rotate(k)
    heads = []
    for head in range(HEADS):
        group = head // (HEADS // KV_HEADS)
        scores = (q[:, head] @ k[:, group].T / HEAD**0.5).masked_fill(~causal(tokens, window), -torch.inf)
        exponentials = torch.exp(scores)
        # The sink is one more score, whose value is nothing.
        total = exponentials.sum(-1, keepdim=True) + torch.exp(layer["sinks"][head])
        heads.append(exponentials / total @ v[:, group])
    weight, bias = layer["o_proj"]
    return torch.cat(heads, -1) @ weight.T + bias


def mix(x, layer, seen):
    weight, bias = layer["router"]
    logits = x @ weight.T + bias
    seen["routing"] = min(seen["routing"], gap_after(logits, CHOSEN))
    rows = []
    for token, row in zip(x, logits):
        chosen = row.topk(CHOSEN)
        shares = torch.exp(chosen.values) / torch.exp(chosen.values).sum()
        total = torch.zeros(WIDTH)
        for share, expert in zip(shares, chosen.indices):
            both = layer["gate_up"][expert] @ token + layer["gate_up_bias"][expert]
            gate, up = both[0::2], both[1::2]
            seen["clamped"] += torch.tensor([(gate > LIMIT).sum(), (up > LIMIT).sum(), (up < -LIMIT).sum()])
            gate, up = gate.clamp(max=LIMIT), up.clamp(-LIMIT, LIMIT)
            hidden = (up + 1) * gate / (1 + torch.exp(-SLOPE * gate))
            total = total + share * (layer["down"][expert] @ hidden + layer["down_bias"][expert])
        rows.append(total)
    return torch.stack(rows)


def forward(weights, ids, seen):
    x = weights["embedding"][ids]
    for index, layer in enumerate(weights["layers"]):
        window = WINDOW if index % 2 == 0 else None
        x = x + attend(rms_norm(x, layer["norm"], EPS), layer, window)
        x = x + mix(rms_norm(x, layer["mlp_norm"], EPS), layer, seen)
    return weights["head"] @ rms_norm(x[-1], weights["norm"], EPS)


for name, hidden, mxfp4, seed in [("gpt-oss", 16, False, 1), ("gpt-oss-mxfp4", 32, True, 1)]:
    checkpoint = Checkpoint(seed)
    weights = make(checkpoint, hidden, mxfp4)
    clamped = torch.zeros(3, dtype=torch.long)

    def logits_of(ids):
        seen = {"routing": torch.inf, "clamped": clamped}
        return forward(weights, ids, seen), seen["routing"]

    settings = config(hidden)
    if mxfp4:
        settings["quantization_config"] = {"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]}
        del settings["layer_types"]  # the default: even layers slide
    write(name, settings, checkpoint, logits_of)
    print(f"{name}: gates above, ups above, ups below the limit: {clamped.tolist()}")
