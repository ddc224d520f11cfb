import gatedSource from "#shaders/elementwise/gated.wgsl";
import source from "#shaders/elementwise/map.wgsl";
import activationExp from "#shaders/lib/activation/exp.wgsl";
import activationGelu from "#shaders/lib/activation/gelu.wgsl";
import activationGeluTanh from "#shaders/lib/activation/gelu-tanh.wgsl";
import activationQuickGelu from "#shaders/lib/activation/quick-gelu.wgsl";
import activationRelu from "#shaders/lib/activation/relu.wgsl";
import activationSigmoid from "#shaders/lib/activation/sigmoid.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import activationSoftplus from "#shaders/lib/activation/softplus.wgsl";
import activationSquaredRelu from "#shaders/lib/activation/squared-relu.wgsl";
import activationTanh from "#shaders/lib/activation/tanh.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoY, onlyX, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";

/** GELU, exact: `x · Φ(x)` (Hendrycks and Gimpel 2016, section 2). `x` is f32 of any shape, `y` like it. */
export const gelu = /* @__PURE__ */ defineMap("gelu", activationGelu, 37);

/** GELU by its tanh approximation (Hendrycks and Gimpel 2016, section 2). `x` is f32 of any shape, `y` like it. */
export const geluTanh = /* @__PURE__ */ defineMap("gelu-tanh", activationGeluTanh, 11);

/** SiLU, `x · sigmoid(x)` (Elfwing, Uchibe and Doya 2017, section 2). `x` is f32 of any shape, `y` like it. */
export const silu = /* @__PURE__ */ defineMap("silu", activationSilu, 4);

/** GELU by a logistic approximation, `x · sigmoid(1.702 x)` (Hendrycks and Gimpel 2016, section 2). */
export const quickGelu = /* @__PURE__ */ defineMap("quick-gelu", activationQuickGelu, 5);

/** The exponential of every element, base e. `x` is f32 of any shape, `y` like it. */
export const exp = /* @__PURE__ */ defineMap("exp", activationExp, 1);

/** ReLU, `max(x, 0)` (Nair and Hinton 2010). `x` is f32 of any shape, `y` like it. */
export const relu = /* @__PURE__ */ defineMap("relu", activationRelu, 0);

/** The logistic function, `1 / (1 + exp(−x))`. `x` is f32 of any shape, `y` like it. */
export const sigmoid = /* @__PURE__ */ defineMap("sigmoid", activationSigmoid, 3);

/** ReLU squared, `max(x, 0)²` (So et al. 2021, section 4.1). `x` is f32 of any shape, `y` like it. */
export const squaredRelu = /* @__PURE__ */ defineMap("squared-relu", activationSquaredRelu, 1);

/** Softplus, `ln(1 + exp(x))` (Dugas et al. 2001). `x` is f32 of any shape, `y` like it. */
export const softplus = /* @__PURE__ */ defineMap("softplus", activationSoftplus, 20);

/** The hyperbolic tangent. `x` is f32 of any shape, `y` like it; ±1 of infinities. */
export const tanh = /* @__PURE__ */ defineMap("tanh", activationTanh, 15);

/** The factors in a gated feed-forward layer: two projections of the same input, of one shape. */
export interface Gated {
  readonly gate: Tensor;
  readonly up: Tensor;
}

/** Makes the op `activation(gate) · up` of a part of `lib/activation`; `flops` is its cost per element. */
function defineGated(name: string, activation: ShaderModule, flops: number) {
  const kernel = defineKernel({
    name: "elementwise/gated",
    source: gatedSource,
    inputs: { gate: "[...n]", up: "[...n]" },
    outputs: { y: "[...n]" },
    strided: ["gate", "up"],
    params: (_, { walk }: { readonly walk: Walk }, context) => walker(walk, context).params,
    specialise: (_, { walk }, context) => ({ parts: [activation, ...walker(walk, context).parts] }),
    threads: (_, { walk }, context) => walker(walk, context).steps,
    cost: ({ n }) => ({ flops: flops * n, requestedBytes: 12 * n }),
  });
  const fields = tensorFields("gate", "up");
  const op = (gpu: Gpu, tensors: Gated, options: Into<{ readonly y: Tensor }> = {}): { readonly y: Tensor } => {
    checkCall(name, fields, tensors, intoY, options);
    const { gate, up } = tensors;
    if (formatShape(gate.shape) !== formatShape(up.shape)) {
      throw new ShapeError(`${name}: up is ${formatShape(up.shape)}, expected ${formatShape(gate.shape)} (from gate)`);
    }
    const walk = walkOver(gate.shape, { gate, up });
    checkWalk(name, walk);
    return gpu.group({ op: name, variant: "gated", options: {}, by: op, tensors }, () =>
      kernel(gpu, { gate, up }, { ...options, walk }),
    );
  };
  return op;
}

/**
 * SwiGLU between its projections: `y = silu(gate) · up` (Shazeer 2020, equation 5). f32 of one shape; the two may be
 * halves of one tensor, from `slice`.
 */
export const swiglu = /* @__PURE__ */ defineGated("swiglu", activationSilu, 5);

/** GeGLU between its projections, with the tanh form of GELU: `y = geluTanh(gate) · up` (Shazeer 2020, equation 5). */
export const geglu = /* @__PURE__ */ defineGated("geglu", activationGeluTanh, 12);

/** GeGLU between its projections, with exact GELU: `y = gelu(gate) · up` (Shazeer 2020, equation 5; ModernBERT). */
export const gegluErf = /* @__PURE__ */ defineGated("geglu-erf", activationGelu, 38);

/** ReGLU between its projections: `y = relu(gate) · up` (Shazeer 2020, equation 5). */
export const reglu = /* @__PURE__ */ defineGated("reglu", activationRelu, 1);

/**
 * Makes an op that applies a function, a part of `lib/activation`, to every element; `flops` is its cost per element.
 */
function defineMap(name: string, part: ShaderModule, flops: number) {
  const kernel = defineKernel({
    name: "elementwise/map",
    source,
    inputs: { x: "[...n]" },
    outputs: { y: "[...n]" },
    strided: ["x"],
    params: (_, { walk }: { readonly walk: Walk }, context) => walker(walk, context).params,
    specialise: (_, { walk }, context) => ({ parts: [part, ...walker(walk, context).parts] }),
    threads: (_, { walk }, context) => walker(walk, context).steps,
    cost: ({ n }) => ({ flops: flops * n, requestedBytes: 8 * n }),
  });
  const op = (
    gpu: Gpu,
    tensors: { readonly x: Tensor },
    options: Into<{ readonly y: Tensor }> = {},
  ): { readonly y: Tensor } => {
    checkCall(name, onlyX, tensors, intoY, options);
    const { x } = tensors;
    const walk = walkOver(x.shape, { x });
    checkWalk(name, walk);
    return gpu.group({ op: name, variant: "map", options: {}, by: op, tensors }, () =>
      kernel(gpu, { x }, { ...options, walk }),
    );
  };
  return op;
}
