// The common part of the kernels that write into a cache.
import positionStep from "#shaders/lib/position/step.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { perWord, plainType } from "../../tensor/formats/formats.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BoundTensor, KernelContext } from "../define/kernel.ts";
import { capacityOf, type KvLayout, layoutBindings, layoutRecord } from "./layouts.ts";

/** The inputs of such a kernel. */
export interface AppendProblem {
  readonly start: number;
  readonly layout: KvLayout;
  /** Elements of keys and values in a word of a cache of floats. */
  readonly packed: number;
}

/** Fills in defaults. Throws `ShapeError` for arguments that no append takes. */
export function checkAppend(
  { k, v, keys, values, step }: Readonly<Record<"k" | "v" | "keys" | "values", Tensor>> & { readonly step?: unknown },
  { start, layout = "contiguous" }: { readonly start?: number; readonly layout?: KvLayout },
): AppendProblem {
  for (const [name, { strides, shape }] of Object.entries({ k, v })) {
    if (strides.length === 4 && (shape[3] ?? 1) > 1 && strides[3] !== 1) {
      throw new ShapeError(
        `kv-cache/append: ${name} has strides [${strides.join(", ")}], expected 1 for its last axis`,
      );
    }
  }
  const integers = keys.dtype === "u32" || values.dtype === "u32"; // these have their own checks
  if (keys.dtype !== values.dtype && !integers) {
    throw new ShapeError(`kv-cache/append: keys are ${keys.dtype}, values ${values.dtype}, expected the same of both`);
  }
  const packed = integers ? 1 : perWord(plainType(keys.dtype, "kv-cache/append: keys"));
  for (const [name, { shape, dtype }] of Object.entries({ keys, values })) {
    if ((shape[3] ?? 0) % packed !== 0) {
      throw new ShapeError(`kv-cache/append: ${name} is ${dtype} ${formatShape(shape)}, expected an even width`);
    }
  }
  if (step && start !== undefined) {
    throw new ShapeError("kv-cache/append: the step defines positions, expected no start with it");
  }
  const first = start ?? 0;
  if (!Number.isInteger(first) || first < 0) throw new ShapeError(`kv-cache/append: start is ${first}`);
  if (keys.shape.length === 4) capacityOf("kv-cache/append", layout, keys, k.shape[0] ?? 0);
  return { start: first, layout, packed };
}

/** The tensors of a layout. */
export function appendBindings({ layout }: AppendProblem): Readonly<Record<string, BoundTensor>> {
  return layoutBindings(layout);
}

/** The uniforms of a layout, whose cache has `rows` batch rows or pages. */
export function appendUniforms({ layout }: AppendProblem, rows: number): Record<string, Record<string, number>> {
  return writing(layout).uniforms(layout, rows);
}

/** How a layout is written. Throws `ShapeError` for one that cannot be appended to. */
function writing(layout: KvLayout) {
  const { name, write } = layoutRecord(layout);
  if (write) return write;
  throw new ShapeError(`kv-cache/append: it takes no ${name} layout`);
}

/** The parts for a layout, and for a step where one is given. */
export function appendParts({ layout }: AppendProblem, dtypes: KernelContext["dtypes"]): ShaderModule[] {
  return [writing(layout).slot, ...(dtypes["step"] ? [positionStep] : [])];
}

/** Where k and v begin and their strides. */
export function viewParams({ strides, offsets }: KernelContext): Record<string, number> {
  const [kBatch = 0, kToken = 0, kHead = 0] = strides["k"] ?? [];
  const [vBatch = 0, vToken = 0, vHead = 0] = strides["v"] ?? [];
  return {
    k_first: offsets["k"] ?? 0,
    k_batch: kBatch,
    k_token: kToken,
    k_head: kHead,
    v_first: offsets["v"] ?? 0,
    v_batch: vBatch,
    v_token: vToken,
    v_head: vHead,
  };
}
