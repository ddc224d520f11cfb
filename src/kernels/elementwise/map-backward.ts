import source from "#shaders/elementwise/map-backward.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import { fieldsOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../arguments.ts";
import { checkInto } from "../bindings.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { checkWalk, type Walk, walker, walkerByOne, walkOver } from "../layout/walk.ts";
import { defineOp } from "../op.ts";

/** What an op on elements was given, and the gradient of its result, of the same shape. */
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

/** Memory for a gradient of f32 with this shape: what a call gives, which may be a view, or new. */
export function gradientIn(name: string, key: string, like: Tensor, given: Tensor | undefined): Tensor {
  if (!given) return empty(like.gpu, like.shape, "f32", `${name} ${key}`);
  checkInto(like.gpu, `${name}: into.${key}`, given, like.shape, { types: ["f32"], strided: true, segmented: false });
  return given;
}

/**
 * Makes an op that gives the gradient of an op on elements whose derivative is a part of `lib/derivative`; `flops` is its
 * cost per element.
 */
export function defineMapBackward(name: string, part: ShaderModule, flops: number) {
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
    source,
    inputs: { x: "[...n]", dy: "[...n]" },
    outputs: { dx: "[...n]" },
    strided: ["x", "dy", "dx"],
    params: (_, { walk }: { readonly walk: Walk }, context) => walked(walk, context).params,
    specialise: (_, { walk }, context) => ({ parts: [part, ...walked(walk, context).parts] }),
    threads: (_, { walk }, context) => walked(walk, context).steps,
    cost: ({ n }) => ({ flops: flops * n, requestedBytes: 12 * n }),
  });
