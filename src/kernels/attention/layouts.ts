// Layouts and formats of keys and values.

import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BoundTensor, KernelContext } from "../define/kernel.ts";
import { type CacheFormat, cacheReading, wordTypes } from "../formats/formats.ts";
import { type AttentionLayout, layoutBindings, layoutRecord } from "../kv-cache/layouts.ts";
import { formatOf } from "../kv-cache/storage.ts";

/** The kernels' description of k and v. */
export interface Placement {
  readonly layout: AttentionLayout;
  readonly format: CacheFormat;
  /** Batch rows, or sequences of a ragged batch. */
  readonly sequences: number;
  /** Maximum number of keys of a sequence, for which grids and splits are sized. */
  readonly capacity: number;
  /** Width of values. */
  readonly dv: number;
  /** Shape of k. */
  readonly shape: readonly number[];
  readonly kScale?: Tensor | undefined;
  readonly vScale?: Tensor | undefined;
}

/** The tensors that define the layout and scales of keys and values. */
interface PlacedTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly step?: Tensor | undefined;
  readonly kScale?: Tensor | undefined;
  readonly vScale?: Tensor | undefined;
}

/** Queries and keys of each sequence of a ragged batch; undefined for other layouts, and for offsets made elsewhere. */
export const sequenceLengths = ({ layout }: Placement) => layoutRecord(layout).lengths?.(layout);

/** Reads the layout of k and v. Throws `ShapeError` where tensors and layout contradict one another. */
export function placementOf(tensors: PlacedTensors, layout: AttentionLayout = "contiguous"): Placement {
  const { q, k, v, kScale, vScale } = tensors;
  if (k.dtype !== v.dtype) fail(`k is ${k.dtype}, v is ${v.dtype}, expected one type`);
  if (k.shape.slice(0, 3).join() !== v.shape.slice(0, 3).join()) {
    fail(`v is ${formatShape(v.shape)}, expected [${k.shape.slice(0, 3).join(", ")}, dv] (from k)`);
  }
  const [b = 0, , , d = 0] = q.shape;
  const common = { layout, ...widths(tensors, d), shape: k.shape, kScale, vScale };
  const record = layoutRecord(layout);
  record.check?.("attention", layout, tensors);
  return { ...common, ...record.sizes("attention", layout, k, b) };
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

/** Scales of a view are a view with the same strides, counted in rows of k or v, or in words of a block. */
function checkSteps(name: string, { shape, strides }: Tensor, scale: Tensor): void {
  const words = (shape[3] ?? 0) / (scale.shape[3] ?? 1);
  if (scale.strides.slice(0, 3).every((step, axis) => step * words === strides[axis])) return;
  fail(
    `${name} has strides ${formatShape(strides)}, ${name}Scale ${formatShape(scale.strides)}, expected the same views of both: ` +
      `${words} words to a scale`,
  );
}

/** The parts of a placement: where rows are in memory and, where the kernel reads them, how they are stored. */
export function placementParts({ layout, format }: Placement, { gpu }: Pick<KernelContext, "gpu">): ShaderModule[] {
  return [layoutRecord(layout).read.address, cacheReading(format).part(gpu)];
}

/** Bytes requested to read a row of k and one of v in vectors of four, with their scales if any. */
export function rowBytes({ format, dv }: Placement, d: number): { readonly k: number; readonly v: number } {
  const vector = cacheReading(format).four;
  return { k: (vector * d) / 4, v: (vector * dv) / 4 };
}

/** True if sequences of different lengths share a batch row. */
export const isRagged = ({ layout }: Placement): boolean => layoutRecord(layout).extent !== undefined;

/** The tensors of a placement, by the name of their binding. */
export function placementBindings({ layout, kScale, vScale }: Placement): Readonly<Record<string, BoundTensor>> {
  const scales = kScale && vScale ? { kScale: f32(kScale), vScale: f32(vScale) } : {};
  return { ...scales, ...layoutBindings(layout) };
}

/** The uniforms of a placement. */
export function placementUniforms(
  { layout, shape, kScale, capacity, sequences }: Placement,
  { offsets }: Pick<KernelContext, "offsets">,
): Record<string, Record<string, number>> {
  const scales = kScale ? { scales: { k_first: offsets["kScale"] ?? 0, v_first: offsets["vScale"] ?? 0 } } : {};
  return { ...scales, ...layoutRecord(layout).read.uniforms(layout, shape, { sequences, capacity }) };
}

const f32 = (tensor: Tensor): BoundTensor => ({ tensor, types: ["f32"] });

function fail(problem: string): never {
  throw new ShapeError(`attention: ${problem}`);
}
