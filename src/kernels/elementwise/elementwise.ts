import binarySource from "#shaders/elementwise/binary.wgsl";
import operationAdd from "#shaders/elementwise/operation/add.wgsl";
import operationDiv from "#shaders/elementwise/operation/div.wgsl";
import operationMul from "#shaders/elementwise/operation/mul.wgsl";
import operationSub from "#shaders/elementwise/operation/sub.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { DType } from "../../tensor/dtype.ts";
import { broadcastShapes, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoY, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";

/** Two operands of one type. They may be views, and are broadcast to one shape. */
export interface Operands {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** The result of an operation on elements. */
export interface Elementwise {
  readonly y: Tensor;
}

/** Options of the kernels of `add` and `where`. */
export interface Walked {
  readonly walk: Walk;
}

const operands = tensorFields("a", "b");

/** The types of operands. */
export const words: readonly DType[] = ["f32", "i32", "u32"];

/** Throws `ShapeError` for operands of two types. */
export function checkTypes(operation: string, { a, b }: Operands): void {
  if (a.dtype !== b.dtype) throw new ShapeError(`${operation}: a is ${a.dtype} and b is ${b.dtype}; cast one of them`);
}

function defineBinary(operation: "add" | "sub" | "mul" | "div", part: ShaderModule, types: readonly DType[]) {
  const kernel = defineKernel({
    name: "elementwise/binary",
    source: binarySource,
    inputs: { a: "[...a]", b: "[...b]" },
    outputs: { y: "[...y]" },
    axes: (_, { walk }: Walked) => ({ y: walk.shape }),
    accepts: { a: types, b: types },
    dtypes: (_, { a }) => ({ y: a ?? "f32" }),
    strided: ["a", "b"],
    params: (_, { walk }, context) => walker(walk, context).params,
    specialise: (_, { walk }, context) => ({
      parts: [part, ...walker(walk, context).parts],
      aliases: { Scalar: context.dtypes["a"] ?? "f32" },
    }),
    threads: (_, { walk }, context) => walker(walk, context).steps,
    cost: ({ y }) => ({ flops: y, requestedBytes: 12 * y }),
  });
  const op = (gpu: Gpu, tensors: Operands, options: Into<Elementwise> = {}): Elementwise => {
    checkCall(operation, operands, tensors, intoY, options);
    const { a, b } = tensors;
    checkTypes(operation, { a, b });
    const walk = walkOver(broadcastShapes(a.shape, b.shape, operation), { a, b });
    checkWalk(operation, walk);
    return gpu.group({ op: operation, variant: "binary", options: {}, by: op, tensors }, () =>
      kernel(gpu, { a, b }, { ...options, walk }),
    );
  };
  return op;
}

/**
 * `a + b` by element, broadcast as NumPy does: axes are matched from the last, and one of length 1 is repeated. f32,
 * i32 or u32, the same for both. Throws `ShapeError` where shapes or types do not match.
 */
export const add = defineBinary("add", operationAdd, words);

/** `a − b` by element; operands as in {@link add}. Integers wrap around. */
export const sub = defineBinary("sub", operationSub, words);

/** `a · b` by element; operands as in {@link add}. Integers wrap around. */
export const mul = defineBinary("mul", operationMul, words);

/** `a / b` by element, f32; operands as in {@link add}. */
export const div = defineBinary("div", operationDiv, ["f32"]);
