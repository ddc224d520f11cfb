import source from "#shaders/elementwise/where.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { broadcastShapes } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoY, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { checkWalk, walker, walkOver } from "../layout/walk.ts";
import { checkTypes, type Elementwise, type Operands, type Walked, words } from "./elementwise.ts";

const choice = tensorFields("condition", "a", "b");

const kernel = defineKernel({
  name: "elementwise/where",
  source,
  inputs: { condition: "[...condition]", a: "[...a]", b: "[...b]" },
  outputs: { y: "[...y]" },
  axes: (_, { walk }: Walked) => ({ y: walk.shape }),
  accepts: { condition: ["u32"], a: words, b: words },
  dtypes: (_, { a }) => ({ y: a ?? "f32" }),
  strided: ["condition", "a", "b"],
  params: (_, { walk }, context) => walker(walk, context, { prefixes: { condition: "c" } }).params,
  specialise: (_, { walk }, context) => ({
    parts: walker(walk, context).parts,
    aliases: { Scalar: context.dtypes["a"] ?? "f32" },
  }),
  threads: (_, { walk }, context) => walker(walk, context).steps,
  cost: ({ y }) => ({ flops: 0, requestedBytes: 16 * y }),
});

/**
 * `a` where the condition is not zero, else `b`, by element. `condition` is u32; `a` and `b` as in {@link add}; the
 * three are broadcast to one shape.
 */
export function where(
  gpu: Gpu,
  tensors: Operands & { readonly condition: Tensor },
  options: Into<Elementwise> = {},
): Elementwise {
  checkCall("where", choice, tensors, intoY, options);
  const { condition, a, b } = tensors;
  checkTypes("where", { a, b });
  const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape, "where"), "where");
  const walk = walkOver(shape, { condition, a, b });
  checkWalk("where", walk);
  return gpu.group({ op: "where", variant: "where", options: {}, by: where, tensors }, () =>
    kernel(gpu, { condition, a, b }, { ...options, walk }),
  );
}
