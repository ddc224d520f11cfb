import source from "#shaders/layout/contiguous.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "./walk.ts";

const workgroup = 64;

interface Walked {
  readonly walk: Walk;
}

const kernel = defineKernel({
  name: "layout/contiguous",
  source,
  inputs: { x: "[...n]" },
  outputs: { y: "[...n]" },
  accepts: { x: ["f32", "i32", "u32"] },
  dtypes: (_: Walked, { x }) => ({ y: x ?? "f32" }),
  strided: ["x"],
  params: (_, { walk }: Walked, context) => walker(walk, context).params,
  specialise: (_, { walk }, context) => ({
    parts: [...walker(walk, context).parts],
    aliases: { Scalar: context.dtypes["x"] ?? "f32" },
  }),
  workgroups: (_, { walk }, context) => [Math.ceil(walker(walk, context).steps / workgroup)],
  cost: ({ n }) => ({ flops: 0, requestedBytes: 8 * n }),
});

/** A copy of `x`, any view of f32, i32 or u32, with its elements one after another. */
export function contiguous(
  gpu: Gpu,
  { x }: { readonly x: Tensor },
  options: Into<{ readonly y: Tensor }> = {},
): { readonly y: Tensor } {
  const walk = walkOver(x.shape, { x });
  checkWalk("contiguous", walk);
  return kernel(gpu, { x }, { ...options, walk });
}
