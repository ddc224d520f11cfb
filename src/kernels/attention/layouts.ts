// How keys and values lie in memory, and in which form.

import addressContiguous from "#shaders/attention/address/contiguous.wgsl";
import addressPaged from "#shaders/attention/address/paged.wgsl";
import addressRing from "#shaders/attention/address/ring.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { type CacheFormat, cacheReading, wordTypes } from "../formats.ts";
import type { Brought, KernelContext } from "../kernel.ts";
import { capacityOf, type KvLayout, layoutName } from "../kv-cache/layout.ts";
import { formatOf } from "../kv-cache/quantised.ts";

/**
 * Sequences of different lengths in one call, one after the other: q `[1, h, t, d]`, k and v `[1, g, s, d]`, and where each
 * begins and the last one ends, u32 `[sequences + 1]` (`cu_seqlens` of FlashAttention 2). The last query of each stands
 * at its last key.
 */
export interface RaggedLayout {
  readonly kind: "ragged";
  readonly queryOffsets: Tensor;
  readonly keyOffsets: Tensor;
}

/** Where attention finds the rows of k and v. */
export type AttentionLayout = KvLayout | RaggedLayout;

/** What the kernels are told of k and v. */
export interface Placement {
  readonly layout: AttentionLayout;
  readonly format: CacheFormat;
  /** Batch rows, or sequences of a ragged batch. */
  readonly sequences: number;
  /** Keys that a sequence can have: what grids and splits are sized for. */
  readonly capacity: number;
  /** Width of values. */
  readonly dv: number;
  /** Shape of k. */
  readonly shape: readonly number[];
  readonly kScale?: Tensor | undefined;
  readonly vScale?: Tensor | undefined;
}

/** The tensors that say how keys and values lie. */
interface PlacedTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly step?: Tensor | undefined;
  readonly kScale?: Tensor | undefined;
  readonly vScale?: Tensor | undefined;
}

/** What `sequenceOffsets` was told: the GPU has the offsets, and figures of cost are made without asking it. */
const knownLengths = new WeakMap<Tensor, readonly number[]>();

/** Offsets u32 `[sequences + 1]` of sequences with these lengths. Throws `ShapeError` for one that is no length. */
export function sequenceOffsets(gpu: Gpu, lengths: readonly number[]): Tensor {
  const offsets = [0];
  for (const length of lengths) {
    if (!Number.isInteger(length) || length < 0) throw new ShapeError(`sequenceOffsets: a length of ${length}`);
    offsets.push((offsets.at(-1) ?? 0) + length);
  }
  const result = tensor(gpu, [offsets.length], offsets, "u32");
  knownLengths.set(result, [...lengths]);
  return result;
}

/** Queries and keys of each sequence of a ragged batch; undefined for other layouts, and for offsets made elsewhere. */
export function sequenceLengths({
  layout,
}: Placement): readonly (readonly [queries: number, keys: number])[] | undefined {
  if (typeof layout === "string" || layout.kind !== "ragged") return undefined;
  const [queries, keys] = [knownLengths.get(layout.queryOffsets), knownLengths.get(layout.keyOffsets)];
  return keys && queries?.map((count, i) => [count, keys[i] ?? 0]);
}

/** Reads how k and v lie. Throws `ShapeError` where tensors and layout contradict one another. */
export function placementOf(tensors: PlacedTensors, layout: AttentionLayout = "contiguous"): Placement {
  const { q, k, v, kScale, vScale } = tensors;
  if (k.dtype !== v.dtype) fail(`k is ${k.dtype}, v is ${v.dtype}, expected one type`);
  if (k.shape.slice(0, 3).join() !== v.shape.slice(0, 3).join()) {
    fail(`v is ${formatShape(v.shape)}, expected [${k.shape.slice(0, 3).join(", ")}, dv] (from k)`);
  }
  const [b = 0, , , d = 0] = q.shape;
  const common = { layout, ...widths(tensors, d), shape: k.shape, kScale, vScale };
  if (typeof layout !== "string" && layout.kind === "ragged") {
    return { ...common, sequences: sequencesOf(tensors, layout), capacity: k.shape[2] ?? 0 };
  }
  return { ...common, sequences: b, capacity: capacityOf("attention", layout, k, b) };
}

/** The cache's format, and the width of values. */
function widths({ k, v, kScale, vScale }: PlacedTensors, d: number): { format: CacheFormat; dv: number } {
  if (kScale || vScale) {
    if (!kScale || !vScale) fail(`${kScale ? "vScale" : "kScale"} is missing, expected both or none`);
    const { name, packed } = formatOf("attention", "k", k, kScale, d);
    const dv = (v.shape[3] ?? 0) * packed;
    formatOf("attention", "v", v, vScale, dv);
    checkSteps("k", k, kScale);
    checkSteps("v", v, vScale);
    return { format: name, dv };
  }
  const format = wordTypes.find((name) => name === k.dtype);
  if (!format) fail(`k is ${k.dtype} ${formatShape(k.shape)}, expected kScale with it`);
  if (k.shape[3] !== d) fail(`k is ${formatShape(k.shape)}, expected [b, g, s, d] with d = ${d} (from q)`);
  return { format, dv: v.shape[3] ?? 0 };
}

/** Scales of a view are a view with the same steps, counted in rows of k or v, or in the words of a block. */
function checkSteps(name: string, { shape, strides }: Tensor, scale: Tensor): void {
  const words = (shape[3] ?? 0) / (scale.shape[3] ?? 1);
  if (scale.strides.slice(0, 3).every((step, axis) => step * words === strides[axis])) return;
  fail(
    `${name} has strides ${formatShape(strides)}, ${name}Scale ${formatShape(scale.strides)}, expected views alike: ` +
      `${words} words to a scale`,
  );
}

function sequencesOf({ q, k, step }: PlacedTensors, { queryOffsets, keyOffsets }: RaggedLayout): number {
  if (step) fail("a ragged layout says where sequences stand, expected no step beside it");
  if (q.shape[0] !== 1 || k.shape[0] !== 1) {
    fail(`q is ${formatShape(q.shape)}, k ${formatShape(k.shape)}, expected one row [1, …] that all sequences share`);
  }
  for (const [name, { dtype, shape }] of Object.entries({ queryOffsets, keyOffsets })) {
    if (dtype !== "u32" || shape.length !== 1 || (shape[0] ?? 0) < 2) {
      fail(`${name} is ${dtype} ${formatShape(shape)}, expected u32 [sequences + 1]`);
    }
  }
  if (queryOffsets.shape[0] !== keyOffsets.shape[0]) {
    fail(`queryOffsets is ${formatShape(queryOffsets.shape)}, keyOffsets ${formatShape(keyOffsets.shape)}`);
  }
  return (queryOffsets.shape[0] ?? 1) - 1;
}

const addresses = {
  contiguous: addressContiguous,
  paged: addressPaged,
  ring: addressRing,
} as const;

/** The parts of a placement: where rows lie, and how they are stored where the kernel reads them. */
export function placementParts({ layout, format }: Placement, { gpu }: Pick<KernelContext, "gpu">): ShaderModule[] {
  return [
    ...(typeof layout === "string" || layout.kind === "ragged" ? [] : [addresses[layoutName(layout)]]),
    cacheReading(format).part(gpu),
  ];
}

/** Bytes that a kernel requests to read a row of k and one of v, in vectors of four, scales with each where there are some. */
export function rowBytes({ format, dv }: Placement, d: number): { readonly k: number; readonly v: number } {
  const vector = cacheReading(format).four;
  return { k: (vector * d) / 4, v: (vector * dv) / 4 };
}

/** True if sequences of different lengths share a batch row. */
export const isRagged = ({ layout }: Placement): boolean => typeof layout !== "string" && layout.kind === "ragged";

/** The tensors of a placement, by the name of their binding. */
export function placementBrings({ layout, kScale, vScale }: Placement): Readonly<Record<string, Brought>> {
  const scales = kScale && vScale ? { kScale: f32(kScale), vScale: f32(vScale) } : {};
  if (typeof layout === "string" || layout.kind === "ring") return scales;
  if (layout.kind === "paged") return { ...scales, blockTable: u32(layout.blockTable) };
  return { ...scales, queryOffsets: u32(layout.queryOffsets), keyOffsets: u32(layout.keyOffsets) };
}

/** The uniforms of a placement. */
export function placementUniforms(
  { layout, shape, kScale, capacity, sequences }: Placement,
  { offsets }: Pick<KernelContext, "offsets">,
): Record<string, Record<string, number>> {
  const [rows = 0, , slots = 0] = shape;
  const scales = kScale ? { scales: { k_first: offsets["kScale"] ?? 0, v_first: offsets["vScale"] ?? 0 } } : {};
  if (typeof layout === "string") return scales;
  switch (layout.kind) {
    case "paged":
      return { ...scales, pages: { count: rows, entries: layout.blockTable.shape[1] ?? 0, shift: Math.log2(slots) } };
    case "ring":
      return { ...scales, ring: { slots, sinks: layout.sinks ?? 0 } };
    case "ragged":
      return { ...scales, sequences: { count: sequences, keys: capacity } };
  }
}

const f32 = (tensor: Tensor): Brought => ({ tensor, types: ["f32"] });
const u32 = (tensor: Tensor): Brought => ({ tensor, types: ["u32"] });

function fail(problem: string): never {
  throw new ShapeError(`attention: ${problem}`);
}
