import source from "#shaders/elementwise/map.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoY, onlyX } from "../arguments.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";

/**
 * Makes an op that applies a function, a part of `lib/activation`, to every element; `flops` is its cost per element.
 */
export function defineMap(name: string, part: ShaderModule, flops: number) {
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
