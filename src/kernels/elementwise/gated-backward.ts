import gatedSource from "#shaders/elementwise/gated-backward.wgsl";
import gradientsApart from "#shaders/elementwise/gradients/separate.wgsl";
import gradientsTogether from "#shaders/elementwise/gradients/together.wgsl";
import activationGelu from "#shaders/lib/activation/gelu.wgsl";
import activationGeluTanh from "#shaders/lib/activation/gelu-tanh.wgsl";
import activationRelu from "#shaders/lib/activation/relu.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import derivativeGelu from "#shaders/lib/derivative/gelu.wgsl";
import derivativeGeluTanh from "#shaders/lib/derivative/gelu-tanh.wgsl";
import derivativeRelu from "#shaders/lib/derivative/relu.wgsl";
import derivativeSilu from "#shaders/lib/derivative/silu.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { fieldsOf } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { boundOffset } from "../define/bindings.ts";
import { defineKernel, type Into, type KernelContext } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { checkWalk, type Walk, walker, walkerByOne, walkOver } from "../layout/walk.ts";
import type { Gated } from "./activation.ts";
import { checkSameShape, gradientIn } from "./activation-backward.ts";

/** The factors, and the gradient of their product: f32 of one shape. */
export interface GatedBackwardTensors extends Gated {
  readonly dy: Tensor;
}

/** The gradients of the factors. */
export interface GatedGradients {
  readonly dgate: Tensor;
  readonly dup: Tensor;
}

interface GatedOptions {
  readonly walk: Walk;
  readonly gradients: GatedGradients;
}

const fields = tensorFields("gate", "up", "dy");
const intoBoth = fieldsOf({ into: intoOf("dgate", "dup") });

/**
 * The memory from the first to the last element of two views of one tensor; undefined where each has separate memory.
 */
function memoryOf({ dgate, dup }: GatedGradients): Tensor | undefined {
  if (dgate.storage !== dup.storage) return undefined;
  const ends = [dgate, dup].map(({ offset, shape, strides }) =>
    shape.reduce((end, size, axis) => end + (size - 1) * (strides[axis] ?? 0), offset + 1),
  );
  const first = Math.min(dgate.offset, dup.offset);
  return new Tensor(dgate.gpu, [Math.max(...ends) - first], "f32", dgate.segments, [1], first);
}

/** Where the gradients begin in the memory that they share. */
function within({ gradients }: GatedOptions, context: KernelContext, isShared: boolean): KernelContext {
  if (!isShared) return context;
  const bound = Math.min(boundOffset(gradients.dgate), boundOffset(gradients.dup));
  const { dgate, dup } = gradients;
  return { ...context, offsets: { ...context.offsets, dgate: dgate.offset - bound, dup: dup.offset - bound } };
}

/** A walk over elements, four at a time where the tensors allow it, or one. */
type Walking = typeof walkerByOne;

/** The kernel for gradients in separate memory, or in one tensor's memory (`isShared`). */
function kernelOf(parts: readonly ShaderModule[], flops: number, by: Walking, isShared: boolean) {
  const walked = (options: GatedOptions, context: KernelContext) =>
    by(options.walk, within(options, context, isShared));
  return defineKernel({
    name: "elementwise/gated-backward",
    source: gatedSource,
    inputs: { gate: "[...n]", up: "[...n]", dy: "[...n]" },
    inout: { "both?": "[both]" },
    outputs: { "dgate?": "[...n]", "dup?": "[...n]" },
    wants: (_: GatedOptions) => ({ dgate: !isShared, dup: !isShared }),
    strided: ["gate", "up", "dy", "dgate", "dup", "both"],
    params: (_, options, context) => walked(options, context).params,
    specialise: (_, options, context) => ({
      parts: [isShared ? gradientsTogether : gradientsApart, ...parts, ...walked(options, context).parts],
    }),
    threads: (_, options, context) => walked(options, context).steps,
    cost: ({ n }) => ({
      flops: flops * n,
      requestedBytes: 20 * n,
      ...(isShared ? { compulsoryBytes: 20 * n } : {}), // the memory between them is not written
    }),
  });
}

/** The gradients of a pair, by a walk. */
function recorded(name: string, parts: readonly ShaderModule[], flops: number, by: Walking) {
  const [apart, together] = [kernelOf(parts, flops, by, false), kernelOf(parts, flops, by, true)];
  return (gpu: Gpu, { gate, up, dy }: GatedBackwardTensors, { into = {} }: Into<GatedGradients>): GatedGradients => {
    checkSameShape(name, ["gate", gate], { up, dy });
    const dgate = gradientIn(name, "dgate", gate, into.dgate);
    const dup = gradientIn(name, "dup", up, into.dup);
    const walk = walkOver(gate.shape, { gate, up, dy, dgate, dup });
    checkWalk(name, walk);
    const gradients = { dgate, dup };
    const both = gate.size > 0 ? memoryOf(gradients) : undefined;
    if (both && dgate.offset === dup.offset)
      throw new ShapeError(`${name}: into.dgate and into.dup are the same memory`);
    if (both) together(gpu, { gate, up, dy, both }, { walk, gradients });
    else apart(gpu, { gate, up, dy }, { walk, gradients, into: gradients });
    return gradients;
  };
}

function defineGatedBackward(name: string, parts: readonly ShaderModule[], flops: number) {
  const variants = {
    vectors: { record: recorded(name, parts, flops, walker) },
    naive: { record: recorded(name, parts, flops, walkerByOne) },
  } as const;
  return defineOp<GatedBackwardTensors, Into<GatedGradients>, GatedGradients, typeof variants>(
    { name, variants, order: () => ["vectors", "naive"] },
    { tensors: fields, options: intoBoth },
  );
}

/**
 * Gradients of {@link swiglu}: `dgate = dy · up · silu′(gate)`, `dup = dy · silu(gate)`. f32 of one shape, all of which
 * may be views; those in `into` may be halves of one tensor, from `slice`, as gate and up may.
 */
export const swigluBackward = defineGatedBackward("swiglu-backward", [activationSilu, derivativeSilu], 18);

/** Gradients of {@link geglu}: as {@link swigluBackward}, with the tanh form of GELU. */
export const gegluBackward = defineGatedBackward("geglu-backward", [activationGeluTanh, derivativeGeluTanh], 35);

/** Gradients of {@link reglu}: as {@link swigluBackward}, with ReLU. */
export const regluBackward = defineGatedBackward("reglu-backward", [activationRelu, derivativeRelu], 3);

/** Gradients of {@link gegluErf}: as {@link swigluBackward}, with exact GELU. */
export const gegluErfBackward = defineGatedBackward("geglu-erf-backward", [activationGelu, derivativeGelu], 84);
