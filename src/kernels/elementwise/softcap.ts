import source from "#shaders/elementwise/softcap.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, positive, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, onlyX } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

/** The bound of softcap. */
export interface SoftcapOptions {
  /** The bound of the results' magnitudes. */
  readonly cap: number;
}

const kernel = defineKernel({
  name: "elementwise/softcap",
  source,
  inputs: { x: "[...n]" },
  outputs: { y: "[...n]" },
  params: ({ n }, { cap }: SoftcapOptions) => ({ n, cap }),
  threads: ({ n }) => n,
  cost: ({ n }) => ({ flops: 13 * n, requestedBytes: 8 * n }),
});

const options = fieldsOf({ cap: required(positive), into: intoOf("y") });

/**
 * `cap · tanh(x / cap)` of every element (Gemma 2, section 2). `x` is f32 of any shape, `y` like it; NaN and infinities
 * stay as they are.
 */
export function softcap(
  gpu: Gpu,
  tensors: { readonly x: Tensor },
  given: SoftcapOptions & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  checkCall("softcap", onlyX, tensors, options, given);
  const { cap } = given;
  return gpu.group({ op: "softcap", variant: "softcap", options: { cap }, by: softcap, tensors }, () =>
    kernel(gpu, tensors, given),
  );
}
