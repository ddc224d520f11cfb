import { attention } from "./attention.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { causal } from "./masks.ts";

/**
 * Causal multi-head latent attention by its definition: keys and values of every head are projected from the latents
 * (DeepSeek-V2, DeepSeek-AI 2024, section 2.1). q `[b, h, t, nope + rope]`, latents `[b, s, rank + rope]`, weight `[h ·
 * (nope + dv), rank]` → out `[b, h, t, dv]`, lse `[b, h, t]`.
 */
export function latentAttention(
  { q, latents, weight }: { q: Dense; latents: Dense; weight: Dense },
  { rope, length, scale }: { rope: number; length?: number; scale?: number },
): { out: Dense; lse: Dense } {
  const sizes = axes("latentAttention", { q, latents, weight }, { q: "b h t d", latents: "b s c", weight: "n rank" });
  const { b, h, s, d, c, n, rank } = sizes;
  const nope = d - rope;
  const dv = n / h - nope;
  const [k, v] = [dense([b, h, s, d]), dense([b, h, s, dv])];
  for (let row = 0; row < b * h * s; row++) {
    const [batch, head, token] = [Math.floor(row / (h * s)), Math.floor(row / s) % h, row % s];
    const latent = (batch * s + token) * c;
    for (let i = 0; i < nope + dv; i++) {
      let sum = 0;
      for (let j = 0; j < rank; j++) {
        sum += at(latents.values, latent + j) * at(weight.values, (head * (nope + dv) + i) * rank + j);
      }
      if (i < nope) k.values[row * d + i] = sum;
      else v.values[row * dv + i - nope] = sum;
    }
    for (let i = 0; i < rope; i++) k.values[row * d + nope + i] = at(latents.values, latent + rank + i);
  }
  return attention(
    { q, k, v },
    { mask: causal, scale: scale ?? 1 / Math.sqrt(d), ...(length === undefined ? {} : { length }) },
  );
}
