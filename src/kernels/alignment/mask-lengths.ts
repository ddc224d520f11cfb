import source from "#shaders/alignment/mask-lengths.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, oneOf, required } from "../../options/checks.ts";
import { encode } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

/** What is replaced. */
export interface MaskLengthsOptions {
  /** The axis along which rows end: 1 or 2. */
  readonly axis: 1 | 2;
  /** What stands past the end: 0, or −∞ for scores. */
  readonly value: number;
}

const kernel = /* @__PURE__ */ defineKernel({
  name: "alignment/mask-lengths",
  source,
  inputs: { x: "[b, n, m]", lengths: "[b]" },
  outputs: { y: "[b, n, m]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, n, m }, { value }: MaskLengthsOptions) => ({ b, n, m, value: bitsOf(value) }),
  specialise: (_axes, { axis }) => ({ constants: { BY_COLUMN: axis === 2 } }),
  threads: ({ b, n, m }) => b * n * m,
  cost: ({ b, n, m }) => ({ flops: 0, requestedBytes: 12 * b * n * m }),
});

const bitsOf = (value: number): number => new Uint32Array(encode("f32", [value]).buffer)[0] ?? 0;

const tensors = /* @__PURE__ */ tensorFields("x", "lengths");
const options = /* @__PURE__ */ fieldsOf({
  axis: required(oneOf(1, 2)),
  value: required((value) => (value === 0 || value === Number.NEGATIVE_INFINITY ? undefined : "0 or -Infinity")),
  into: intoOf("y"),
});

/**
 * x with `value` in place of what is past the end of each batch row: `y[b, n, m] = x[b, n, m]` where the index along
 * `axis` is below `lengths[b]`. x `[b, n, m]` f32, lengths u32 `[b]` → y like x. What is replaced may be NaN.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export function maskLengths(
  gpu: Gpu,
  given: { readonly x: Tensor; readonly lengths: Tensor },
  chosen: MaskLengthsOptions & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  checkCall("maskLengths", tensors, given, options, chosen);
  const { axis, value } = chosen;
  const heading = { op: "maskLengths", variant: "maskLengths", options: { axis, value } };
  return gpu.group({ ...heading, by: maskLengths, tensors: given }, () => kernel(gpu, given, chosen));
}
