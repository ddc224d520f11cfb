// The views of a product's operands that its kernels take, and the parts that read them.
import aF16 from "#shaders/gemm/a/f16.wgsl";
import aF32 from "#shaders/gemm/a/f32.wgsl";
import aQuadsAlongK from "#shaders/gemm/a-quads/along-k.wgsl";
import aQuadsAlongM from "#shaders/gemm/a-quads/along-m.wgsl";
import aQuadsAny from "#shaders/gemm/a-quads/any.wgsl";
import aVectorsF16 from "#shaders/gemm/a-vectors/f16.wgsl";
import aVectorsF32 from "#shaders/gemm/a-vectors/f32.wgsl";
import bF16 from "#shaders/gemm/b/f16.wgsl";
import bF32 from "#shaders/gemm/b/f32.wgsl";
import bQuadsAlongK from "#shaders/gemm/b-quads/along-k.wgsl";
import bQuadsAlongN from "#shaders/gemm/b-quads/along-n.wgsl";
import bQuadsAny from "#shaders/gemm/b-quads/any.wgsl";
import bVectorsF16 from "#shaders/gemm/b-vectors/f16.wgsl";
import bVectorsF32 from "#shaders/gemm/b-vectors/f32.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { broadcastShapes, formatShape, type Shape, ShapeError } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { KernelContext } from "../define/kernel.ts";
import type { GemmTensors } from "./problem.ts";

/** Each slot of an operand: elements and vectors by type, and quads along the last axis, the one before, or neither. */
const slots = {
  a: {
    elements: { f32: aF32, f16: aF16 },
    vectors: { f32: aVectorsF32, f16: aVectorsF16 },
    quads: { along: [aQuadsAlongM, aQuadsAlongK], any: aQuadsAny },
  },
  b: {
    elements: { f32: bF32, f16: bF16 },
    vectors: { f32: bVectorsF32, f16: bVectorsF16 },
    quads: { along: [bQuadsAlongK, bQuadsAlongN], any: bQuadsAny },
  },
} as const;

type Operand = keyof typeof slots;

const typeOf = (operand: Operand, { dtypes }: KernelContext) => (dtypes[operand] === "f16" ? "f16" : "f32");

/** The parts of kernels that load one element at a time. */
export const elementParts = (context: KernelContext): ShaderModule[] =>
  (["a", "b"] as const).map((operand) => slots[operand].elements[typeOf(operand, context)]);

/** Which of the last two axes has its neighbours in memory, in whole vectors of four; undefined where neither. */
function vectorAxis(operand: Operand, sizes: readonly [number, number], { strides, offsets }: KernelContext) {
  const all = strides[operand] ?? [];
  const aligned = (axis: number) =>
    all[axis] === 1 &&
    all.every((stride, other) => other === axis || stride % 4 === 0) &&
    offsets[operand] !== undefined;
  if (sizes.some((size) => size % 4 !== 0) || (offsets[operand] ?? 0) % 4 !== 0) return undefined;
  return [0, 1].find((i) => aligned(2 + i));
}

/** The parts with which kernels read quads, and whether these are vectors. */
interface Quads {
  readonly parts: readonly ShaderModule[];
  readonly vectors: { readonly a: boolean; readonly b: boolean };
}

/**
 * The parts for quads of a and b. Both axes of a matrix of vectors are multiples of 4; any other matrix is read element
 * by element.
 */
export function quadsOf({ m, k, n }: Readonly<Record<"m" | "k" | "n", number>>, context: KernelContext): Quads {
  const axes = { a: vectorAxis("a", [m, k], context), b: vectorAxis("b", [k, n], context) };
  const parts = (["a", "b"] as const).flatMap((operand) => {
    const { elements, vectors, quads } = slots[operand];
    const type = typeOf(operand, context);
    const along = quads.along[axes[operand] ?? -1];
    return along ? [along, vectors[type]] : [quads.any, elements[type]];
  });
  return { parts, vectors: { a: axes.a !== undefined, b: axes.b !== undefined } };
}

/** A view with four axes: missing axes are added in front, and batches of one matrix are repeated. */
function asBatch(x: Tensor, batch: Shape): Tensor {
  const missing = 4 - x.shape.length;
  const own = [...Array<number>(missing).fill(1), ...x.shape];
  const shape = [...batch, ...own.slice(2)];
  const strides = own.map((size, axis) => (size === 1 ? 0 : (x.strides[axis - missing] ?? 0)));
  const [only, ...others] = x.segments;
  const segments = only && others.length === 0 ? [{ ...only, begin: 0, end: shape[0] ?? 1 }] : x.segments;
  return new Tensor(x.gpu, shape, x.dtype, segments, strides, x.offset);
}

/** The operands as views with four axes, and the shape of the result. Throws `ShapeError` where they do not fit. */
export function operandsOf({ a, b }: GemmTensors): { readonly a: Tensor; readonly b: Tensor; readonly shape: Shape } {
  for (const [name, { dtype, shape }] of Object.entries({ a, b })) {
    const is = `gemm: ${name} is ${dtype} ${formatShape(shape)}, expected`;
    if (dtype !== "f32" && dtype !== "f16") throw new ShapeError(`${is} f32 or f16; matmul takes other weights`);
    if (shape.length < 2 || shape.length > 4) throw new ShapeError(`${is} two to four axes`);
  }
  const [m = 0, k = 0] = a.shape.slice(-2);
  const [inner, n = 0] = b.shape.slice(-2);
  if (inner !== k) {
    throw new ShapeError(`gemm: b is ${formatShape(b.shape)}, expected [..., k, n] with k = ${k} (from a)`);
  }
  if (k === 0) throw new ShapeError("gemm: k is 0, expected at least 1");
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), "gemm: the batches of a and b");
  const two = [...Array<number>(2 - batch.length).fill(1), ...batch];
  return { a: asBatch(a, two), b: asBatch(b, two), shape: [...batch, m, n] };
}
