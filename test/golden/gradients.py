"""Golden gradients of decoders: `/usr/bin/python3 test/golden/gradients.py` writes a folder of each.

It needs PyTorch (`apt-get install python3-torch`) and takes seconds. Each folder holds a model of random weights, a batch
of ids and targets, the mean loss over the targets that are not -100, and its gradient by every tensor of the checkpoint,
from autograd in float64; and the losses and the norms of gradients of twenty steps of AdamW. No two axes of a model have
the same size, so that none can be taken for another.

- gradients-gpt2: layer norms, learned positions, one matrix for queries, keys and values stored `[in, out]`, GELU by tanh,
  a head that is the embedding.
- gradients-qwen3: RMS norms, rotary positions, three query heads of a key and value head, norms of queries and keys, heads
  wider than width / heads, SwiGLU, a head of its own.
- gradients-gemma2: norms of 1 + weight before and after each sublayer, a window in every second layer, soft caps of scores
  and logits, GeGLU by tanh, an embedding times √width that is also the head.
"""

import json
import math
from pathlib import Path

import torch
from checkpoint import Checkpoint, causal, rms_norm, silu, tokenizer

VOCABULARY, LAYERS, ROWS, TOKENS, STEPS = 37, 2, 2, 11, 20
QWEN = {"width": 20, "heads": 6, "kv": 2, "head": 8, "hidden": 28, "theta": 10000.0, "eps": 1e-6}
GPT = {"width": 24, "heads": 3, "hidden": 40, "positions": 16, "eps": 1e-5}
GEMMA = {**QWEN, "window": 4, "scores": 3.0, "logits": 2.0, "scalar": 10.0}


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x, weight, bias, eps):
    centred = x - x.mean(-1, keepdim=True)
    return weight * centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + eps) + bias


def rotated(x, theta):
    """Pairs i and i + half of each head [b, t, h, d] rotated by their position."""
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[1])[:, None] * theta ** (-torch.arange(half) / half)
    cosine, sine = angles.cos()[None, :, None, :], angles.sin()[None, :, None, :]
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


def attend(q, k, v, scale, window=None, cap=None):
    """Causal attention of heads [b, t, h, d], each key head read by several query heads."""
    share = q.shape[2] // k.shape[2]
    q, k, v = (x.transpose(1, 2) for x in (q, k.repeat_interleave(share, 2), v.repeat_interleave(share, 2)))
    scores = q @ k.transpose(-1, -2) * scale
    if cap:
        scores = cap * torch.tanh(scores / cap)
    scores = scores.masked_fill(~causal(q.shape[2], window), -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


class Weights:
    """The tensors of a checkpoint in float64, whose gradients are wanted."""

    def __init__(self, checkpoint):
        self.tensors = {name: x.double().requires_grad_() for name, x in checkpoint.stored.items()}

    def __call__(self, name):
        return self.tensors[name]


def gpt2():
    checkpoint = Checkpoint(61)
    c, f, v = GPT["width"], GPT["hidden"], VOCABULARY
    checkpoint.matrix("wte.weight", [v, c], 0.7)
    checkpoint.matrix("wpe.weight", [GPT["positions"], c], 0.3)
    for layer in range(LAYERS):
        at = f"h.{layer}."
        for norm in ("ln_1", "ln_2"):
            checkpoint.norm(f"{at}{norm}.weight", c)
            checkpoint.random(f"{at}{norm}.bias", [c], 0.2)
        for name, shape in {"attn.c_attn": [c, 3 * c], "attn.c_proj": [c, c], "mlp.c_fc": [c, f], "mlp.c_proj": [f, c]}.items():
            checkpoint.matrix(f"{at}{name}.weight", shape, 1.2, inputs=0)
            checkpoint.random(f"{at}{name}.bias", [shape[1]], 0.2)
    checkpoint.norm("ln_f.weight", c)
    checkpoint.random("ln_f.bias", [c], 0.2)
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": v,
        "n_embd": c,
        "n_head": GPT["heads"],
        "n_layer": LAYERS,
        "n_positions": GPT["positions"],
        "n_inner": f,
        "layer_norm_epsilon": GPT["eps"],
        "activation_function": "gelu_new",
        "tie_word_embeddings": True,
    }

    def logits(w, ids):
        x = w("wte.weight")[ids] + w("wpe.weight")[: ids.shape[1]]
        for layer in range(LAYERS):
            def linear(y, name):
                return y @ w(f"h.{layer}.{name}.weight") + w(f"h.{layer}.{name}.bias")

            def norm(y, name):
                return layer_norm(y, w(f"h.{layer}.{name}.weight"), w(f"h.{layer}.{name}.bias"), GPT["eps"])

            qkv = linear(norm(x, "ln_1"), "attn.c_attn").unflatten(-1, (3, GPT["heads"], c // GPT["heads"]))
            q, k, v_ = qkv.unbind(2)
            x = x + linear(attend(q, k, v_, (c // GPT["heads"]) ** -0.5), "attn.c_proj")
            x = x + linear(gelu_tanh(linear(norm(x, "ln_2"), "mlp.c_fc")), "mlp.c_proj")
        return layer_norm(x, w("ln_f.weight"), w("ln_f.bias"), GPT["eps"]) @ w("wte.weight").T

    return "gradients-gpt2", config, checkpoint, logits


def llama_like(seed, sizes, norms, shift):
    """The tensors of a model with rotary positions; `shift` is what norms are stored less."""
    checkpoint = Checkpoint(seed)
    c, d, h, g, f = (sizes[name] for name in ("width", "head", "heads", "kv", "hidden"))
    checkpoint.matrix("model.embed_tokens.weight", [VOCABULARY, c], 0.7)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for norm in norms:
            checkpoint.random(f"{at}{norm}.weight", [c], 0.3, 1.0 - shift)
        for name, shape in {"q": [h * d, c], "k": [g * d, c], "v": [g * d, c], "o": [c, h * d]}.items():
            checkpoint.matrix(f"{at}self_attn.{name}_proj.weight", shape, 1.2)
        for name, shape in {"gate": [f, c], "up": [f, c], "down": [c, f]}.items():
            checkpoint.matrix(f"{at}mlp.{name}_proj.weight", shape, 1.2)
    checkpoint.random("model.norm.weight", [c], 0.3, 1.0 - shift)
    config = {
        "vocab_size": VOCABULARY,
        "hidden_size": c,
        "intermediate_size": f,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": h,
        "num_key_value_heads": g,
        "head_dim": d,
        "max_position_embeddings": 32,
        "rms_norm_eps": sizes["eps"],
        "rope_theta": sizes["theta"],
        "attention_bias": False,
    }
    return checkpoint, config


def qwen3():
    checkpoint, config = llama_like(62, QWEN, ["input_layernorm", "post_attention_layernorm"], 0.0)
    for layer in range(LAYERS):
        for name in ("q", "k"):
            checkpoint.norm(f"model.layers.{layer}.self_attn.{name}_norm.weight", QWEN["head"])
    checkpoint.matrix("lm_head.weight", [VOCABULARY, QWEN["width"]], 1.2)
    config |= {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "use_sliding_window": False,
    }
    d, h, g, eps = QWEN["head"], QWEN["heads"], QWEN["kv"], QWEN["eps"]

    def logits(w, ids):
        x = w("model.embed_tokens.weight")[ids]
        for layer in range(LAYERS):
            def own(name):
                return w(f"model.layers.{layer}.{name}.weight")

            y = rms_norm(x, own("input_layernorm"), eps)
            q, k, v = ((y @ own(f"self_attn.{n}_proj").T).unflatten(-1, (count, d)) for n, count in (("q", h), ("k", g), ("v", g)))
            q = rotated(rms_norm(q, own("self_attn.q_norm"), eps), QWEN["theta"])
            k = rotated(rms_norm(k, own("self_attn.k_norm"), eps), QWEN["theta"])
            x = x + attend(q, k, v, d**-0.5) @ own("self_attn.o_proj").T
            y = rms_norm(x, own("post_attention_layernorm"), eps)
            x = x + (silu(y @ own("mlp.gate_proj").T) * (y @ own("mlp.up_proj").T)) @ own("mlp.down_proj").T
        return rms_norm(x, w("model.norm.weight"), eps) @ w("lm_head.weight").T

    return "gradients-qwen3", config, checkpoint, logits


def gemma2():
    norms = ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"]
    checkpoint, config = llama_like(63, GEMMA, norms, 1.0)
    config |= {
        "architectures": ["Gemma2ForCausalLM"],
        "model_type": "gemma2",
        "hidden_activation": "gelu_pytorch_tanh",
        "tie_word_embeddings": True,
        "sliding_window": GEMMA["window"],
        "query_pre_attn_scalar": GEMMA["scalar"],
        "attn_logit_softcapping": GEMMA["scores"],
        "final_logit_softcapping": GEMMA["logits"],
        "torch_dtype": "float32",
    }
    d, h, g, eps, c = GEMMA["head"], GEMMA["heads"], GEMMA["kv"], GEMMA["eps"], GEMMA["width"]

    def logits(w, ids):
        # transformers rounds the factor to the type of the weights.
        x = w("model.embed_tokens.weight")[ids] * torch.tensor(c**0.5, dtype=torch.float32).double()
        for layer in range(LAYERS):
            def own(name):
                return w(f"model.layers.{layer}.{name}.weight")

            def norm(y, name):
                return rms_norm(y, 1 + own(name), eps)

            y = norm(x, "input_layernorm")
            q, k, v = ((y @ own(f"self_attn.{n}_proj").T).unflatten(-1, (count, d)) for n, count in (("q", h), ("k", g), ("v", g)))
            window = GEMMA["window"] if layer % 2 == 0 else None
            q, k = rotated(q, GEMMA["theta"]), rotated(k, GEMMA["theta"])
            attended = attend(q, k, v, GEMMA["scalar"] ** -0.5, window, GEMMA["scores"]) @ own("self_attn.o_proj").T
            x = x + norm(attended, "post_attention_layernorm")
            y = norm(x, "pre_feedforward_layernorm")
            fed = (gelu_tanh(y @ own("mlp.gate_proj").T) * (y @ own("mlp.up_proj").T)) @ own("mlp.down_proj").T
            x = x + norm(fed, "post_feedforward_layernorm")
        z = rms_norm(x, 1 + w("model.norm.weight"), eps) @ w("model.embed_tokens.weight").T
        return GEMMA["logits"] * torch.tanh(z / GEMMA["logits"])

    return "gradients-gemma2", config, checkpoint, logits


def batch_of(generator):
    ids = torch.randint(0, VOCABULARY, [ROWS, TOKENS], generator=generator)
    targets = torch.randint(0, VOCABULARY, [ROWS, TOKENS], generator=generator)
    targets[0, :3] = -100
    targets[1, -1] = -100
    return ids, targets


def loss_of(weights, logits, ids, targets):
    """The mean over targets that count."""
    flat = targets.flatten()
    nll = -logits(weights, ids).log_softmax(-1).flatten(0, 1)
    live = flat >= 0
    return nll[live, flat[live]].mean()


def trajectory(checkpoint, logits, batches, rate):
    """Steps of PyTorch's own AdamW in float64: matrices decay, all gradients together are clipped to a norm of 1."""
    weights = Weights(checkpoint)
    matrices = [x for x in weights.tensors.values() if x.dim() > 1]
    others = [x for x in weights.tensors.values() if x.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), eps=1e-8)
    steps = []
    for ids, targets in batches:
        optimizer.zero_grad()
        loss = loss_of(weights, logits, ids, targets)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(matrices + others, 1.0)
        steps.append({"ids": ids.tolist(), "targets": targets.tolist(), "loss": loss.item(), "norm": norm.item()})
        optimizer.step()
    return steps


def write(name, config, checkpoint, logits, rate=1e-2):
    generator = torch.Generator().manual_seed(64)
    ids, targets = batch_of(generator)
    weights = Weights(checkpoint)
    loss = loss_of(weights, logits, ids, targets)
    loss.backward()
    gradients = Checkpoint(0)
    for tensor, x in weights.tensors.items():
        if x.grad is not None:
            gradients.keep(tensor, x.grad.float())
    folder = Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    checkpoint.write(folder / "model.safetensors")
    gradients.write(folder / "gradients.safetensors")
    golden = {"loss": loss.item(), "ids": ids.tolist(), "targets": targets.tolist()}
    golden["steps"] = trajectory(checkpoint, logits, [batch_of(generator) for _ in range(STEPS)], rate)
    if rate != 1e-2:
        golden["rate"] = rate
    tokens = tokenizer()
    tokens["model"]["vocab"] = {token: i for token, i in tokens["model"]["vocab"].items() if i < VOCABULARY}
    (folder / "tokenizer.json").write_text(json.dumps(tokens, ensure_ascii=False) + "\n")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    print(f"{name}: loss {loss.item():.6f}, {sum(x.numel() for x in checkpoint.stored.values())} numbers")


if __name__ == "__main__":
    for made in (gpt2, qwen3, gemma2):
        write(*made())
