// Multi-head latent attention (DeepSeek-V2, DeepSeek-AI 2024, section 2.1): a token's cache is one latent for all
// heads.
import { type Elements, reshape, slice, type Tensor } from "../../../src/index.ts";
import type { BatchGroup } from "../batch.ts";
import type { CallTensors, GroupNumbers, StoredShape } from "../call-shape.ts";
import type { Heads } from "./heads.ts";
import { poisonedRows, random } from "./inputs.ts";

/** Widths of a latent's parts: the source of keys and values, followed by the rotated key that all heads share. */
export interface Latent {
  readonly rank: number;
  readonly rope: number;
}

/** Why these heads cannot come from such latents; undefined if they can. */
export function latentRefusal({ h, g, d }: Heads, { rope }: Latent): string | undefined {
  if (h !== g) return "with latent attention every query head has separate keys";
  return d > rope ? undefined : `heads are ${d} wide, ${rope} of which are rotated, expected a part from the latent`;
}

/** Rows of a sequence's latents. The absorbed form reshapes several sequences, which must be contiguous. */
const capacityOf = ({ count, s }: BatchGroup) => (count === 1 ? s + poisonedRows : s);

/** Outputs of the weight per head: its keys without the rotated part, then its values. */
const outputsOf = ({ d, dv }: Heads, { rope }: Latent) => d - rope + dv;

/** Latents `[b, s, rank + rope]` and the weight `[h · (nope + dv), rank]`. */
export function latentShapes(
  [group = { count: 1, t: 1, s: 1 }]: readonly BatchGroup[],
  heads: Heads,
  latent: Latent,
): Record<"latents" | "weight", StoredShape> {
  const { rank, rope } = latent;
  return {
    latents: { shape: [group.count, capacityOf(group), rank + rope], dtype: "f32" },
    weight: { shape: [heads.h * outputsOf(heads, latent), rank], dtype: "f32" },
  };
}

/** The values of a call: queries, latents in place of keys, the weight in place of values. */
export function latentInputs(
  groups: readonly BatchGroup[],
  heads: Heads,
  latent: Latent,
): { numbers: GroupNumbers[]; elements: Record<string, Elements> } {
  const [group = { count: 1, t: 1, s: 1 }] = groups;
  const { count: b, t, s } = group;
  const width = latent.rank + latent.rope;
  const capacity = capacityOf(group);
  const q = random(b * t * heads.h * heads.d, 1);
  const latents = random(b * capacity * width, 2);
  for (let row = 0; row < b; row++)
    latents.fill(Number.NaN, (row * capacity + s) * width, (row + 1) * capacity * width);
  const weight = random(heads.h * outputsOf(heads, latent) * latent.rank, 3);
  const scale = 1 / Math.sqrt(latent.rank);
  for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] ?? 0) * scale;
  return { numbers: [{ q, keys: latents, values: weight, capacity }], elements: { q, latents, weight } };
}

/**
 * The arguments of a call. Its keys and values are those of the absorbed form: latents, and latents without the rotated
 * key.
 */
export function latentViews(
  q: Tensor,
  tensors: Readonly<Record<string, Tensor>>,
  [{ s } = { s: 1 }]: readonly Pick<BatchGroup, "s">[],
  { rank, rope }: Latent,
): CallTensors {
  const { latents: stored, weight } = tensors as Readonly<Record<"latents" | "weight", Tensor>>;
  const latents = stored.shape[1] === s ? stored : slice(stored, 1, 0, s);
  const [b = 1, , width = 1] = stored.shape;
  const k = slice(reshape(stored, [b, 1, stored.shape[1] ?? 1, width]), 2, 0, s);
  return { q, k, v: slice(k, 3, 0, rank), latent: { latents, weight, rope } };
}

/** Keys `[s, d]` and values `[s, dv]` of a head, in float64 or, with every operation rounded, in f32. */
export function expandHead(
  { keys: latents, values: weight, capacity }: GroupNumbers,
  { s }: Pick<BatchGroup, "s">,
  heads: Heads,
  { rank, rope }: Latent,
  sequence: number,
  head: number,
  round: (value: number) => number,
): { k: Float64Array; v: Float64Array } {
  const [nope, outputs, width] = [heads.d - rope, outputsOf(heads, { rank, rope }), rank + rope];
  const [k, v] = [new Float64Array(s * heads.d), new Float64Array(s * heads.dv)];
  for (let key = 0; key < s; key++) {
    const from = (sequence * capacity + key) * width;
    for (let i = 0; i < outputs; i++) {
      const row = (head * outputs + i) * rank;
      let sum = 0;
      for (let j = 0; j < rank; j++) sum = round(sum + round((latents[from + j] ?? 0) * (weight[row + j] ?? 0)));
      if (i < nope) k[key * heads.d + i] = sum;
      else v[key * heads.dv + i - nope] = sum;
    }
    for (let i = 0; i < rope; i++) k[key * heads.d + nope + i] = latents[from + rank + i] ?? 0;
  }
  return { k, v };
}
