import { type AttentionTensors, type Gpu, slice, type Tensor, transpose, upload } from "../../src/index.ts";
import { normal } from "../../test/support/random.ts";
import type { BatchGroup } from "./batch.ts";
import type { Heads } from "./heads.ts";

/** Rows of the cache behind the last key: full of NaN, so that a kernel that reads one shows it. */
const poisonedRows = 64;

/** The numbers of one group, as they lie on the GPU: queries by tokens, keys and values in a longer cache. */
export interface Inputs {
  /** `[b, t, h, d]` */
  readonly q: Float32Array<ArrayBuffer>;
  /** `[b, g, capacity, d]` */
  readonly keys: Float32Array<ArrayBuffer>;
  /** `[b, g, capacity, dv]` */
  readonly values: Float32Array<ArrayBuffer>;
  readonly capacity: number;
}

/** Random numbers of which longer runs are made, each time from another place: the logarithms take long. */
const table = Float32Array.from(normal(1 << 16, 1));

function random(length: number, seed: number): Float32Array<ArrayBuffer> {
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

/** The inputs of a group, the same in every run. */
export function inputsOf({ count: b, t, s }: BatchGroup, { h, g, d, dv }: Heads): Inputs {
  const capacity = s + poisonedRows;
  return {
    q: random(b * t * h * d, 1),
    keys: cache(b * g, s, capacity, d, 2),
    values: cache(b * g, s, capacity, dv, 3),
    capacity,
  };
}

/** Bytes of the largest of a group's tensors, and of all of them. */
export function inputBytes({ count: b, t, s }: BatchGroup, { h, g, d, dv }: Heads): { largest: number; all: number } {
  const rows = b * g * (s + poisonedRows);
  const sizes = [b * t * h * d, rows * d, rows * dv, b * t * h * dv].map((elements) => 4 * elements);
  return { largest: Math.max(...sizes), all: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}

/** The inputs on the GPU: what has memory, and the views that attention is given. */
export interface GroupTensors {
  readonly owned: readonly [q: Tensor, keys: Tensor, values: Tensor];
  readonly views: AttentionTensors;
}

/** The tensors `make` makes of the inputs' shapes, and attention's views of them. */
export function groupTensors(
  { count: b, t, s }: BatchGroup,
  { h, g, d, dv }: Heads,
  { capacity }: Pick<Inputs, "capacity">,
  make: (shape: readonly number[], name: "q" | "keys" | "values") => Tensor,
): GroupTensors {
  const q = make([b, t, h, d], "q");
  const keys = make([b, g, capacity, d], "keys");
  const values = make([b, g, capacity, dv], "values");
  const views = { q: transpose(q, [0, 2, 1, 3]), k: slice(keys, 2, 0, s), v: slice(values, 2, 0, s) };
  return { owned: [q, keys, values], views };
}

/** A group's inputs uploaded. */
export const uploadGroup = (gpu: Gpu, group: BatchGroup, heads: Heads, inputs: Inputs): GroupTensors =>
  groupTensors(group, heads, inputs, (shape, name) => upload(gpu, shape, "f32", inputs[name], name));
