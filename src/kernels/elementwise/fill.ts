import source from "#shaders/elementwise/fill.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { type Check, checkOptions, checkValue, oneOf } from "../../options/checks.ts";
import { decode, encode, type PlainType } from "../../tensor/dtype.ts";
import { perWord, plainElement, plainTypes } from "../../tensor/formats/formats.ts";
import { assertShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoY } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

interface FillOptions {
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: PlainType;
}

/** Words of `n` elements; the last may be half full. */
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
  cost: ({ y }, { dtype }) => ({ flops: 0, requestedBytes: 4 * (wordsOf(y, dtype) + 1) }),
});

/**
 * A value of a type: for integers one in range; for floats NaN, an infinity, or a number that does not round to one.
 */
const valueCheck =
  (dtype: PlainType): Check =>
  (value) => {
    if (typeof value !== "number") return "a number";
    const [stored = 0] = decode(dtype, encode(dtype, [value]));
    const isHeld =
      plainElement(dtype).kind === "integer" ? stored === value : Number.isFinite(stored) === Number.isFinite(value);
    return isHeld ? undefined : `a value of ${dtype}`;
  };

/**
 * A tensor of one value, rounded to nearest even for f16 and bf16. Throws `OptionError` for a value that an integer
 * type cannot represent, and for a finite one that is infinite in a type of floats.
 */
export function fill(
  gpu: Gpu,
  shape: Shape,
  value: number,
  dtype: PlainType = "f32",
  options: Into<{ readonly y: Tensor }> = {},
): Tensor {
  assertShape(shape, "fill");
  checkValue("fill", "dtype", oneOf(...plainTypes), dtype);
  checkValue("fill", "value", valueCheck(dtype), value);
  checkOptions("fill", intoY, options);
  return gpu.group({ op: "fill", variant: "fill", options: { value, dtype } }, () =>
    kernel(gpu, {}, { ...options, shape, value, dtype }),
  ).y;
}
