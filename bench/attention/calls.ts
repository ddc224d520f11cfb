// Makes calls of attention from the sequences of a case: storage, layout and arguments.
import {
  bytesPerElement,
  cacheStorage,
  type Elements,
  encode,
  slice,
  type Tensor,
  transpose,
} from "../../src/index.ts";
import type { BatchGroup } from "./batch.ts";
import type { CallShape, CallTensors, PreparedCall, StoredShape } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import { encodeRows, poisonOf, rowOf } from "./inputs/formats.ts";
import { type Inputs, inputsOf } from "./inputs/inputs.ts";
import { latentInputs, latentShapes, latentViews } from "./inputs/latents.ts";
import { isTogether } from "./inputs/layouts.ts";
import { cacheShape, placeOf } from "./inputs/placement.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The calls of a case: one for each shape of sequences, or one for all if they are ragged. */
export function callShapes(given: AttentionCase): CallShape[] {
  const { batch, layout } = given;
  const calls = isTogether(layout) ? [batch.groups] : batch.groups.map((group) => [group]);
  return calls.map((groups) => ({ groups, tensors: tensorsOf(given, groups) }));
}

function tensorsOf(given: AttentionCase, groups: readonly BatchGroup[]): Record<string, StoredShape> {
  const { heads, dtype, latent, layout } = given;
  const { h, g, d, dv } = heads;
  const [{ count: b, t } = { count: 1, t: 1 }] = groups;
  const tokens = isTogether(layout) ? sum(groups.map(({ count, t: queries }) => count * queries)) : t;
  const q: StoredShape = { shape: [isTogether(layout) ? 1 : b, tokens, h, d], dtype: "f32" };
  if (latent) return { q, ...latentShapes(groups, heads, latent) };
  const [rows, slots] = cacheShape(given, groups);
  const { dtype: stored, scales } = cacheStorage[dtype];
  const scale = (width: number): StoredShape => {
    return { shape: [rows, g, slots, ...(scales?.(width) ?? [])], dtype: "f32" };
  };
  return {
    q,
    keys: { shape: [rows, g, slots, rowOf(dtype, d).words], dtype: stored },
    values: { shape: [rows, g, slots, rowOf(dtype, dv).words], dtype: stored },
    ...(scales ? { kScale: scale(d), vScale: scale(dv) } : {}),
  };
}

/** Bytes of a call's largest tensor, and of all its tensors. */
export function callBytes({ tensors, groups }: CallShape, { heads }: AttentionCase): { largest: number; all: number } {
  const out = 4 * heads.h * heads.dv * sum(groups.map(({ count, t }) => count * t));
  const sizes = Object.values(tensors).map(
    ({ shape, dtype }) => bytesPerElement[dtype] * shape.reduce((product, axis) => product * axis, 1),
  );
  return { largest: Math.max(out, ...sizes), all: out + sum(sizes) };
}

/** Bytes of the largest tensor of a mask or score that has an element for each pair of query and key. */
export function pairBytes({ mask, score, heads: { h } }: AttentionCase, { count: b, t, s }: BatchGroup): number {
  return Math.max(mask.pairBytes({ b, h, t, s }), score.pairBytes({ b, h, t, s }));
}

/** The values of a call, and its tensors as stored; rows that must not be read are NaN. */
export function prepareCall(given: AttentionCase, { groups, tensors }: CallShape): PreparedCall {
  const { heads, layout, latent } = given;
  if (latent) return { groups, tensors, ...latentInputs(groups, heads, latent) };
  const shared = layout.prefix ?? 0;
  const inputs = groups.map((group) => inputsOf(group, heads, shared));
  const keys = stored(given, groups, inputs, "keys", tensors);
  const values = stored(given, groups, inputs, "values", tensors);
  const [only] = inputs;
  return {
    groups,
    tensors,
    numbers: inputs.map(({ q, capacity }, i) => ({
      q,
      capacity,
      keys: keys.numbers[i] ?? q,
      values: values.numbers[i] ?? q,
    })),
    elements: {
      q: inputs.length === 1 && only ? only.q : joined(inputs.map(({ q }) => q)),
      keys: keys.elements,
      values: values.elements,
      ...(keys.scales.length > 0 ? { kScale: keys.scales, vScale: values.scales } : {}),
    },
  };
}

/** Keys or values, encoded and placed by the layout. */
function stored(
  given: AttentionCase,
  groups: readonly BatchGroup[],
  inputs: readonly Inputs[],
  name: "keys" | "values",
  tensors: CallShape["tensors"],
): { elements: Elements; scales: Float32Array; numbers: (Float32Array | Float64Array)[] } {
  const { heads, dtype } = given;
  const width = name === "keys" ? heads.d : heads.dv;
  const encoded = inputs.map((input) => encodeRows(dtype, input[name], width));
  const numbers = encoded.map(({ values }) => values);
  const place = placeOf(given, groups);
  const [first] = encoded;
  if (!place && first) return { elements: first.elements, scales: first.scales, numbers };
  const [rows = 0, g = 0, slots = 0] = tensors[name]?.shape ?? [];
  const { words, scales: each } = rowOf(dtype, width);
  const elements = encode(cacheStorage[dtype].dtype, new Uint8Array(rows * g * slots * words)).fill(poisonOf(dtype));
  const scales = new Float32Array(rows * g * slots * each).fill(Number.NaN);
  for (const [i, { count: b, s }] of groups.entries()) {
    const { elements: from, scales: ownScales } = encoded[i] ?? { elements, scales };
    const { capacity } = inputs[i] ?? { capacity: s };
    for (let at = 0; at < b * s; at++) {
      const [sequence, key] = [Math.floor(at / s), at % s];
      const [row, slot] = place?.(i, sequence, key) ?? [-1, 0];
      for (let head = 0; row >= 0 && head < g; head++) {
        const source = (sequence * g + head) * capacity + key;
        const target = (row * g + head) * slots + slot;
        elements.set(from.subarray(source * words, (source + 1) * words), target * words);
        scales.set(ownScales.subarray(source * each, (source + 1) * each), target * each);
      }
    }
  }
  return { elements, scales, numbers };
}

function joined(parts: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(sum(parts.map(({ length }) => length)));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The arguments of attention: queries by heads, keys and values without the unused slots after them. */
export function viewsOf(
  { layout, latent }: AttentionCase,
  { groups }: CallShape,
  tensors: Readonly<Record<string, Tensor>>,
): CallTensors {
  const { q, keys, values, kScale, vScale } = tensors as Readonly<Record<"q" | "keys" | "values", Tensor>> &
    Readonly<Partial<Record<"kScale" | "vScale", Tensor>>>;
  const queries = transpose(q, [0, 2, 1, 3]);
  if (latent) return latentViews(queries, tensors, groups, latent);
  const s = sum(groups.map(({ count, s: own }) => (isTogether(layout) ? count : 1) * own));
  const cut = (x: Tensor) => (layout.record.openEnded ? slice(x, 2, 0, s) : x);
  return {
    q: queries,
    k: cut(keys),
    v: cut(values),
    ...(kScale && vScale ? { kScale: cut(kScale), vScale: cut(vScale) } : {}),
    ...(layout.prefix === undefined ? {} : { prefix: layout.prefix }),
  };
}
