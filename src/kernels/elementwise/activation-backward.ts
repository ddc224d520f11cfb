import mapSource from "#shaders/elementwise/map-backward.wgsl";
import softcapSource from "#shaders/elementwise/softcap-backward.wgsl";
import derivativeExp from "#shaders/lib/derivative/exp.wgsl";
import derivativeGelu from "#shaders/lib/derivative/gelu.wgsl";
import derivativeGeluTanh from "#shaders/lib/derivative/gelu-tanh.wgsl";
import derivativeQuickGelu from "#shaders/lib/derivative/quick-gelu.wgsl";
import derivativeRelu from "#shaders/lib/derivative/relu.wgsl";
import derivativeSigmoid from "#shaders/lib/derivative/sigmoid.wgsl";
import derivativeSilu from "#shaders/lib/derivative/silu.wgsl";
import derivativeSoftplus from "#shaders/lib/derivative/softplus.wgsl";
import derivativeSquaredRelu from "#shaders/lib/derivative/squared-relu.wgsl";
import derivativeTanh from "#shaders/lib/derivative/tanh.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { fieldsOf, positive, required } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { checkInto } from "../define/bindings.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { checkWalk, type Walk, walker, walkerByOne, walkOver } from "../layout/walk.ts";

/** The argument of an elementwise op, and the gradient of its result, of the same shape. */
export interface MapBackwardTensors {
  readonly x: Tensor;
  readonly dy: Tensor;
}

/** The gradient of `x`, of its shape. */
export interface MapGradient {
  readonly dx: Tensor;
}

const fields = tensorFields("x", "dy");
const choices = fieldsOf({ into: intoOf("dx") });

/** Throws `ShapeError` unless tensors have the shape of one of them. */
export function checkSameShape(name: string, [of, { shape }]: readonly [string, Tensor], others: object): void {
  for (const [key, other] of Object.entries(others) as [string, Tensor][]) {
    const [is, expected] = [formatShape(other.shape), formatShape(shape)];
    if (is !== expected) throw new ShapeError(`${name}: ${key} is ${is}, expected ${expected} (from ${of})`);
  }
}

/** Memory for an f32 gradient of this shape: that of the call, which may be a view, or new. */
export function gradientIn(name: string, key: string, like: Tensor, given: Tensor | undefined): Tensor {
  if (!given) return empty(like.gpu, like.shape, "f32", `${name} ${key}`);
  checkInto(like.gpu, `${name}: into.${key}`, given, like.shape, { types: ["f32"], strided: true, segmented: false });
  return given;
}

/**
 * Makes an op that gives the gradient of an op on elements whose derivative is a part of `lib/derivative`; `flops` is
 * its cost per element.
 */
function defineMapBackward(name: string, part: ShaderModule, flops: number) {
  const by = (walked: typeof walkerByOne) => {
    const kernel = kernelOf(part, flops, walked);
    return (gpu: Gpu, { x, dy }: MapBackwardTensors, { into }: Into<MapGradient>): MapGradient => {
      checkSameShape(name, ["x", x], { dy });
      const dx = gradientIn(name, "dx", x, into?.dx);
      const walk = walkOver(x.shape, { x, dy, dx });
      checkWalk(name, walk);
      return kernel(gpu, { x, dy }, { into: { dx }, walk });
    };
  };
  const variants = { vectors: { record: by(walker) }, naive: { record: by(walkerByOne) } } as const;
  return defineOp<MapBackwardTensors, Into<MapGradient>, MapGradient, typeof variants>(
    { name, variants, order: () => ["vectors", "naive"] },
    { tensors: fields, options: choices },
  );
}

/** A kernel that takes four elements at a time where the tensors allow it, or one. */
const kernelOf = (part: ShaderModule, flops: number, walked: typeof walkerByOne) =>
  defineKernel({
    name: "elementwise/map-backward",
    source: mapSource,
    inputs: { x: "[...n]", dy: "[...n]" },
    outputs: { dx: "[...n]" },
    strided: ["x", "dy", "dx"],
    params: (_, { walk }: { readonly walk: Walk }, context) => walked(walk, context).params,
    specialise: (_, { walk }, context) => ({ parts: [part, ...walked(walk, context).parts] }),
    threads: (_, { walk }, context) => walked(walk, context).steps,
    cost: ({ n }) => ({ flops: flops * n, requestedBytes: 12 * n }),
  });

interface SoftcapBackwardOptions {
  /** The forward's. */
  readonly cap: number;
}

type Call = SoftcapBackwardOptions & Into<MapGradient>;

/** A kernel that takes `most` elements at a time where that divides their number, else one. */
const softcapBy = (most: 4 | 1) => {
  const width = (n: number) => (n % most === 0 ? most : 1);
  const kernel = defineKernel({
    name: "elementwise/softcap-backward",
    source: softcapSource,
    inputs: { x: "[...n]", dy: "[...n]" },
    outputs: { dx: "[...n]" },
    params: ({ n }, { cap }: SoftcapBackwardOptions) => ({ n: n / width(n), cap }),
    specialise: ({ n }) => ({ parts: [width(n) === 4 ? vectorFour : vectorOne] }),
    threads: ({ n }) => n / width(n),
    cost: ({ n }) => ({ flops: 9 * n, requestedBytes: 12 * n }),
  });
  return (gpu: Gpu, { x, dy }: MapBackwardTensors, options: Call): MapGradient => {
    checkSameShape("softcap-backward", ["x", x], { dy });
    return kernel(gpu, { x, dy }, options);
  };
};

const softcapVariants = { vectors: { record: softcapBy(4) }, naive: { record: softcapBy(1) } } as const;

/** Gradient of {@link softcap}: `dx = dy · (1 − tanh²(x / cap))`. `x` and `dy` are f32 of one shape, `dx` like them. */
export const softcapBackward = /* @__PURE__ */ defineOp<MapBackwardTensors, Call, MapGradient, typeof softcapVariants>(
  { name: "softcap-backward", variants: softcapVariants, order: () => ["vectors", "naive"] },
  { tensors: tensorFields("x", "dy"), options: fieldsOf<Call>({ cap: required(positive), into: intoOf("dx") }) },
);

/**
 * Gradient of {@link gelu}, `dx = dy · (Φ(x) + x φ(x))`. `x` and `dy` are f32 of one shape and may be views, as may the
 * memory for `dx`, which is like them.
 */
export const geluBackward = /* @__PURE__ */ defineMapBackward("gelu-backward", derivativeGelu, 45);

/** Gradient of {@link geluTanh}; tensors as in {@link geluBackward}. */
export const geluTanhBackward = /* @__PURE__ */ defineMapBackward("gelu-tanh-backward", derivativeGeluTanh, 22);

/**
 * Gradient of {@link silu}, `dx = dy · q (1 + x (1 − q))` with `q = sigmoid(x)`; tensors as in {@link geluBackward}.
 */
export const siluBackward = /* @__PURE__ */ defineMapBackward("silu-backward", derivativeSilu, 12);

/** Gradient of {@link quickGelu}; tensors as in {@link geluBackward}. */
export const quickGeluBackward = /* @__PURE__ */ defineMapBackward("quick-gelu-backward", derivativeQuickGelu, 13);

/** Gradient of {@link relu}: `dy` where `x` is above 0, else 0; tensors as in {@link geluBackward}. */
export const reluBackward = /* @__PURE__ */ defineMapBackward("relu-backward", derivativeRelu, 1);

/** Gradient of {@link squaredRelu}: `dy · 2x` where x is above 0, else 0; tensors as in {@link geluBackward}. */
export const squaredReluBackward = /* @__PURE__ */ defineMapBackward("squared-relu-backward", derivativeSquaredRelu, 2);

/** Gradient of {@link softplus}, `dx = dy · sigmoid(x)`; tensors as in {@link geluBackward}. */
export const softplusBackward = /* @__PURE__ */ defineMapBackward("softplus-backward", derivativeSoftplus, 4);

/** Gradient of {@link tanh}, `dx = dy · (1 − tanh²(x))`; tensors as in {@link geluBackward}. */
export const tanhBackward = /* @__PURE__ */ defineMapBackward("tanh-backward", derivativeTanh, 8);

/** Gradient of {@link sigmoid}, `dx = dy · q (1 − q)` with `q = sigmoid(x)`; tensors as in {@link geluBackward}. */
export const sigmoidBackward = /* @__PURE__ */ defineMapBackward("sigmoid-backward", derivativeSigmoid, 6);

/** Gradient of {@link exp}, `dx = dy · exp(x)`; tensors as in {@link geluBackward}. */
export const expBackward = /* @__PURE__ */ defineMapBackward("exp-backward", derivativeExp, 2);
