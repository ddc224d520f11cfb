import { normal } from "../../../src/check/random.ts";
import { type AttentionTensors, type Gpu, slice, type Tensor, transpose, upload } from "../../../src/index.ts";
import type { BatchGroup } from "../batch.ts";
import type { Heads } from "./heads.ts";

/** Rows of the cache after the last key, filled with NaN, so that a stray read shows. */
export const poisonedRows = 64;

/** The values of one group in the GPU's order: queries by tokens, keys and values in a longer cache. */
export interface Inputs {
  /** `[b, t, h, d]` */
  readonly q: Float32Array<ArrayBuffer>;
  /** `[b, g, capacity, d]` */
  readonly keys: Float32Array<ArrayBuffer>;
  /** `[b, g, capacity, dv]` */
  readonly values: Float32Array<ArrayBuffer>;
  readonly capacity: number;
}

/**
 * Random numbers from which longer runs are copied, each from a different offset, because computing logarithms is slow.
 */
const table = Float32Array.from(normal(1 << 16, 1));

/** Normally distributed f32 numbers, the same in every run. */
export function random(length: number, seed: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = table[(i + (i >>> 16) * 7919 + seed * 20011) & 0xffff] ?? 0;
  return out;
}

/** Keys and values of all sequences and heads; rows from `s` on are NaN. */
function cache(heads: number, s: number, capacity: number, width: number, seed: number): Float32Array<ArrayBuffer> {
  const out = random(heads * capacity * width, seed);
  for (let head = 0; head < heads; head++)
    out.fill(Number.NaN, (head * capacity + s) * width, (head + 1) * capacity * width);
  return out;
}

/** The inputs of a group, the same in every run. All sequences have the first `shared` keys and values in common. */
export function inputsOf({ count: b, t, s }: BatchGroup, { h, g, d, dv }: Heads, shared = 0): Inputs {
  const capacity = s + poisonedRows;
  const inputs = {
    q: random(b * t * h * d, 1),
    keys: cache(b * g, s, capacity, d, 2),
    values: cache(b * g, s, capacity, dv, 3),
    capacity,
  };
  for (const [values, width] of [
    [inputs.keys, d],
    [inputs.values, dv],
  ] as const) {
    for (let head = g; shared > 0 && head < b * g; head++) {
      const first = (head % g) * capacity * width;
      values.copyWithin(head * capacity * width, first, first + shared * width);
    }
  }
  return inputs;
}

/** Bytes of a group's largest tensor, and of all its tensors. */
export function inputBytes({ count: b, t, s }: BatchGroup, { h, g, d, dv }: Heads): { largest: number; all: number } {
  const rows = b * g * (s + poisonedRows);
  const sizes = [b * t * h * d, rows * d, rows * dv, b * t * h * dv].map((elements) => 4 * elements);
  return { largest: Math.max(...sizes), all: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}

/** A group's uploaded inputs: the tensors with memory, and the views passed to attention. */
export function uploadGroup(
  gpu: Gpu,
  { count: b, t, s }: BatchGroup,
  { h, g, d, dv }: Heads,
  { q, keys, values, capacity }: Inputs,
): { readonly owned: readonly Tensor[]; readonly views: AttentionTensors } {
  const owned = [
    upload(gpu, [b, t, h, d], "f32", q, "q"),
    upload(gpu, [b, g, capacity, d], "f32", keys, "keys"),
    upload(gpu, [b, g, capacity, dv], "f32", values, "values"),
  ] as const;
  const views = { q: transpose(owned[0], [0, 2, 1, 3]), k: slice(owned[1], 2, 0, s), v: slice(owned[2], 2, 0, s) };
  return { owned, views };
}
