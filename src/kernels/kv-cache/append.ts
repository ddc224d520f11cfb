import source from "#shaders/kv-cache/append.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../kernel.ts";

/** New keys and values, and the cache they go to. */
export interface AppendTensors {
  /** New keys `[b, t, g, d]`; may be a view whose last axis has no gaps. */
  readonly k: Tensor;
  /** New values `[b, t, g, dv]`; may be such a view. */
  readonly v: Tensor;
  /** The cache's keys `[b, g, s, d]`, changed in place. */
  readonly keys: Tensor;
  /** The cache's values `[b, g, s, dv]`, changed in place. */
  readonly values: Tensor;
  /** Where each batch row stands and how many tokens it has, u32 `[64, 4]`. */
  readonly step?: Tensor | undefined;
}

interface AppendOptions {
  /** Position of the first token where no step is given; default 0. */
  readonly start?: number;
}

const append = defineKernel({
  name: "kv-cache/append",
  source,
  inputs: { k: "[b, t, g, d]", v: "[b, t, g, dv]", "step?": "[64, 4]" },
  inout: { keys: "[b, g, s, d]", values: "[b, g, s, dv]" },
  accepts: { step: ["u32"] },
  strided: ["k", "v"],
  check: (_axes, { start = 0 }: AppendOptions) => {
    if (!Number.isInteger(start) || start < 0) throw new ShapeError(`kv-cache/append: start is ${start}`);
  },
  params: ({ b, t, g, s, d, dv }, { start = 0 }, { strides, offsets }) => {
    const [kBatch = 0, kToken = 0, kHead = 0] = strides["k"] ?? [];
    const [vBatch = 0, vToken = 0, vHead = 0] = strides["v"] ?? [];
    return {
      size: b * t * g * (d + dv),
      t,
      g,
      s,
      d,
      width: dv,
      start,
      k_first: offsets["k"] ?? 0,
      k_batch: kBatch,
      k_token: kToken,
      k_head: kHead,
      v_first: offsets["v"] ?? 0,
      v_batch: vBatch,
      v_token: vToken,
      v_head: vHead,
    };
  },
  specialise: (_axes, _options, { dtypes }) => (dtypes["step"] ? { parts: ["lib/position/step"] } : {}),
  workgroups: ({ b, t, g, d, dv }) => [Math.ceil((b * t * g * (d + dv)) / 64)],
  cost: ({ b, t, g, d, dv }) => {
    const bytes = 8 * b * t * g * (d + dv);
    return { flops: 0, compulsoryBytes: bytes, requestedBytes: bytes };
  },
});

/**
 * Stores new keys and values in a preallocated cache, in place: token i of k and v `[b, t, g, d]` goes to position
 * `start + i` of keys and values `[b, g, s, d]`, or to the step's position + i. Positions from s on are not written; with
 * a step, neither are tokens beyond the row's count. Throws `ShapeError` for shapes that do not fit.
 */
export function appendKv(
  gpu: Gpu,
  tensors: AppendTensors,
  options: AppendOptions = {},
): { readonly keys: Tensor; readonly values: Tensor } {
  for (const [name, { strides, shape }] of Object.entries({ k: tensors.k, v: tensors.v })) {
    if (strides.length === 4 && (shape[3] ?? 1) > 1 && strides[3] !== 1) {
      throw new ShapeError(
        `kv-cache/append: ${name} has strides [${strides.join(", ")}], expected 1 for its last axis`,
      );
    }
  }
  if (tensors.step && options.start !== undefined) {
    throw new ShapeError("kv-cache/append: the step says where tokens go, expected no start beside it");
  }
  return append(gpu, tensors, options);
}
