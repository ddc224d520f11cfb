"""The Transformer of 2017 as in torch.nn.Transformer, with one matrix for both embeddings and the head."""

import math

import torch
from spellings import END, PAD, START, TOKENS

WIDTH, HEADS, HIDDEN, LAYERS, CONTEXT = 64, 4, 128, 2, 64


def sinusoids(tokens):
    """Alternating sines and cosines (Vaswani et al. 2017, section 3.5)."""
    angles = torch.arange(tokens)[:, None] * 10000.0 ** (-torch.arange(WIDTH // 2) / (WIDTH // 2))
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(tokens, WIDTH)


class Dates(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = torch.nn.Embedding(len(TOKENS), WIDTH)
        torch.nn.init.normal_(self.shared.weight, std=WIDTH**-0.5)
        sizes = {"num_encoder_layers": LAYERS, "num_decoder_layers": LAYERS, "dim_feedforward": HIDDEN}
        self.transformer = torch.nn.Transformer(WIDTH, HEADS, **sizes, dropout=0.0, batch_first=True)
        self.transformer.encoder.use_nested_tensor = False  # a prototype, which warns
        self.register_buffer("positions", sinusoids(CONTEXT), persistent=False)

    def embedded(self, ids):
        return self.shared(ids) * math.sqrt(WIDTH) + self.positions[: ids.shape[1]]

    def encode(self, ids):
        """For ids `[b, s]`: states `[b, s, width]`, and true where there is no token."""
        hidden = ids == PAD
        return self.transformer.encoder(self.embedded(ids), src_key_padding_mask=hidden), hidden

    def decode(self, ids, states, hidden):
        """Logits `[b, t, v]`, and every layer's attention weights `[b, heads, t, s]` for the source."""
        x, cross = self.embedded(ids), []
        mask = torch.full([ids.shape[1]] * 2, -math.inf).triu(1).to(x.dtype)
        for layer in self.transformer.decoder.layers:  # as in the module, which does not keep the weights
            x = layer.norm1(x + layer.self_attn(x, x, x, attn_mask=mask, need_weights=False)[0])
            options = {"key_padding_mask": hidden, "average_attn_weights": False}
            y, weights = layer.multihead_attn(x, states, states, **options)
            x = layer.norm2(x + y)
            x = layer.norm3(x + layer.linear2(torch.relu(layer.linear1(x))))
            cross.append(weights)
        return self.transformer.decoder.norm(x) @ self.shared.weight.T, cross

    @torch.no_grad()
    def greedy(self, texts, most=14):
        """The likeliest tokens for each list of ids, one by one."""
        source = padded(texts)
        states, hidden = self.encode(source)
        ids = torch.full([len(texts), 1], START)
        for _ in range(most):
            best = self.decode(ids, states, hidden)[0][:, -1].argmax(-1)
            ids = torch.cat([ids, best[:, None]], 1)
        rows = ids[:, 1:].tolist()
        return [row[: row.index(END) + 1] if END in row else row for row in rows]


def padded(rows):
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])
