import type { Gpu } from "../../../gpu/gpu.ts";
import { cast } from "../../../kernels/elementwise/cast.ts";
import { add, div, type Elementwise, mul, type Operands, sub } from "../../../kernels/elementwise/elementwise.ts";
import { fill } from "../../../kernels/elementwise/fill.ts";
import { where } from "../../../kernels/elementwise/where.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { ruleOf } from "../rule.ts";
import { summedTo } from "./shapes.ts";

/** `x` times a number. */
export const scaled = (gpu: Gpu, x: Tensor, factor: number): Tensor => mul(gpu, { a: x, b: fill(gpu, [1], factor) }).y;

/** y = a + b: both get dy, summed over repeated axes. */
export const addRule = ruleOf<Operands, Elementwise>(add, (gpu, { tensors: { a, b }, gradient: { y: dy }, needs }) => ({
  a: dy && needs.has("a") ? summedTo(gpu, dy, a.shape) : undefined,
  b: dy && needs.has("b") ? summedTo(gpu, dy, b.shape) : undefined,
}));

/** y = a − b: da = dy, db = −dy. */
export const subRule = ruleOf<Operands, Elementwise>(sub, (gpu, { tensors: { a, b }, gradient: { y: dy }, needs }) => ({
  a: dy && needs.has("a") ? summedTo(gpu, dy, a.shape) : undefined,
  b: dy && needs.has("b") ? scaled(gpu, summedTo(gpu, dy, b.shape), -1) : undefined,
}));

/** y = a · b: da = dy · b, db = dy · a. */
export const mulRule = ruleOf<Operands, Elementwise>(mul, (gpu, { tensors: { a, b }, gradient: { y: dy }, needs }) => ({
  a: dy && needs.has("a") ? summedTo(gpu, mul(gpu, { a: dy, b }).y, a.shape) : undefined,
  b: dy && needs.has("b") ? summedTo(gpu, mul(gpu, { a: dy, b: a }).y, b.shape) : undefined,
}));

/** y = a / b: da = dy / b, db = −da · y. */
export const divRule = ruleOf<Operands, Elementwise>(div, (gpu, call) => {
  const { tensors, gradient, result, needs } = call;
  const { a, b } = tensors;
  if (!gradient.y) return {};
  const da = div(gpu, { a: gradient.y, b }).y;
  return {
    a: needs.has("a") ? summedTo(gpu, da, a.shape) : undefined,
    b: needs.has("b") ? scaled(gpu, summedTo(gpu, mul(gpu, { a: da, b: result.y }).y, b.shape), -1) : undefined,
  };
});

/** The chosen side gets dy, the other 0. */
export const whereRule = ruleOf<Operands & { readonly condition: Tensor }, Elementwise>(where, (gpu, call) => {
  const { tensors, gradient, needs } = call;
  const { condition, a, b } = tensors;
  const dy = gradient.y;
  if (!dy) return {};
  const zero = fill(gpu, [1], 0);
  return {
    a: needs.has("a") ? summedTo(gpu, where(gpu, { condition, a: dy, b: zero }).y, a.shape) : undefined,
    b: needs.has("b") ? summedTo(gpu, where(gpu, { condition, a: zero, b: dy }).y, b.shape) : undefined,
  };
});

/** Type conversion; gradients are f32: dx = dy, straight through the rounding. */
export const castRule = ruleOf<{ readonly x: Tensor }, Elementwise>(cast, (_gpu, { gradient: { y: dy } }) => ({
  x: dy,
}));
