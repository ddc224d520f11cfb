import source from "#shaders/elementwise/fill.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { encode, type PlainType } from "../../tensor/dtype.ts";
import { perWord, plainElement } from "../../tensor/formats.ts";
import { assertShape, type Shape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel, type Into } from "../kernel.ts";

interface FillOptions {
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: PlainType;
}

/** Words of `n` elements, of which the last may hold only one half. */
const wordsOf = (n: number, dtype: PlainType) => Math.ceil(n / perWord(dtype));

function wordOf(value: number, dtype: PlainType): number {
  if (perWord(dtype) === 1) return new Uint32Array(encode(dtype, [value]).buffer)[0] ?? 0;
  const half = encode(dtype, [value])[0] ?? 0;
  return half * 0x10001;
}

const kernel = defineKernel({
  name: "elementwise/fill",
  source,
  inputs: {},
  outputs: { y: "[...y]" },
  axes: (_, { shape }: FillOptions) => ({ y: shape }),
  dtypes: ({ dtype }) => ({ y: dtype }),
  params: ({ y }, { value, dtype }) => ({
    n: wordsOf(y, dtype),
    word: wordOf(value, dtype),
    last: perWord(dtype) === 2 && y % 2 === 1 ? 0xffff : 0xffffffff,
  }),
  threads: ({ y }, { dtype }) => wordsOf(y, dtype),
  cost: ({ y }, { dtype }) => ({ flops: 0, requestedBytes: 4 * wordsOf(y, dtype) }),
});

/**
 * A tensor of one value, rounded to nearest even for f16 and bf16. Throws `ShapeError` for a value that an integer type
 * cannot represent.
 */
export function fill(
  gpu: Gpu,
  shape: Shape,
  value: number,
  dtype: PlainType = "f32",
  options: Into<{ readonly y: Tensor }> = {},
): Tensor {
  assertShape(shape, "fill");
  if (plainElement(dtype).kind === "integer" && encode(dtype, [value])[0] !== value) {
    throw new ShapeError(`fill: ${value} is not a value of ${dtype}`);
  }
  return gpu.group("fill", "fill", { value, dtype }, () => kernel(gpu, {}, { ...options, shape, value, dtype })).y;
}
