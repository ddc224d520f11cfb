import { finite, required, size } from "../../options/checks.ts";
import { given, tensor } from "../arguments.ts";
import { attention } from "../attention/attention.ts";
import { causal } from "../attention/masks.ts";
import { at, axes, type Dense, dense } from "../dense.ts";

/**
 * Causal multi-head latent attention by its definition: keys and values of every head are projected from the latents
 * (DeepSeek-V2, DeepSeek-AI 2024, section 2.1). q `[b, h, t, nope + rope]`, latents `[b, s, rank + rope]`, weight `[h ·
 * (nope + dv), rank]` → out `[b, h, t, dv]`, lse `[b, h, t]`.
 */
export function latentAttention(
  tensors: { q: Dense; latents: Dense; weight: Dense },
  options: { rope: number; length?: number; scale?: number },
): { out: Dense; lse: Dense } {
  const { q, latents, weight } = given("latentAttention", tensors, { q: tensor, latents: tensor, weight: tensor });
  const { rope, length, scale } = given("latentAttention", options, {
    rope: required(size),
    length: size,
    scale: finite,
  });
  const sizes = axes("latentAttention", { q, latents, weight }, { q: "b h t d", latents: "b s c", weight: "n rank" });
  const { b, h, s, d, c, n, rank } = sizes;
  const nope = d - rope;
  const dv = n / h - nope;
  if (nope < 0 || c !== rank + rope || !(Number.isInteger(dv) && dv >= 0)) {
    const expected = `latents [b, s, ${rank} + rope] and weight [${h} · (${d} − rope + dv), ${rank}]`;
    throw new RangeError(`latentAttention: rope is ${rope}, with q [b, ${h}, t, ${d}], expected ${expected}`);
  }
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
