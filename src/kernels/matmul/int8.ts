import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import dotBuiltin from "#shaders/lib/dot4/builtin.wgsl";
import dotPlain from "#shaders/lib/dot4/plain.wgsl";
import productSource from "#shaders/matmul/int8/product.wgsl";
import quantiseSource from "#shaders/matmul/int8/quantise.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { fieldsOf, oneOf } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { linear, type MatmulResult, type MatmulTensors } from "./linear.ts";

/** Options of {@link matmulInt8}. */
export interface MatmulInt8Options extends Into<MatmulResult> {
  /**
   * How four bytes are multiplied: `builtin` by WGSL's `dot4I8Packed` (the language feature
   * `packed_4x8_integer_dot_product`), `plain` by shifts. Default: `builtin`.
   */
  readonly dot?: "builtin" | "plain";
}

const { BLOCK } = constantsOf(quantiseSource, "BLOCK");

const quantise = defineKernel({
  name: "matmul/int8/quantise",
  source: quantiseSource,
  inputs: { x: "[...rows, k]" },
  outputs: { codes: "[...rows, words]", scales: "[...rows, blocks]" },
  dtypes: () => ({ codes: "u32" as const }),
  axes: ({ k }) => ({ words: k / 4, blocks: k / BLOCK }),
  params: ({ rows, k }) => ({ blocks: (rows * k) / BLOCK }),
  threads: ({ rows, k }) => (rows * k) / BLOCK,
  cost: ({ rows, k }) => ({
    flops: 5 * rows * k + (5 * rows * k) / BLOCK,
    requestedBytes: rows * k * 9 + (4 * rows * k) / BLOCK,
  }),
});

const product = defineKernel({
  name: "matmul/int8/product",
  source: productSource,
  inputs: { codes: "[...rows, words]", scales: "[...rows, blocks]", weight: "[n, k]", "bias?": "[n]" },
  outputs: { y: "[...rows, n]" },
  accepts: { codes: ["u32"], weight: ["q8_0"] },
  segmented: linear.segmented,
  params: linear.params,
  specialise: (_axes, { dot }: { readonly dot: "builtin" | "plain" }, { dtypes }) => ({
    parts: [dot === "builtin" ? dotBuiltin : dotPlain, dtypes["bias"] ? biasVector : biasNone],
  }),
  workgroups: ({ rows, n }, _options, _context, shader) => {
    const sizes = constantsOf(shader, "ROWS", "COLUMNS", "COLUMN_THREADS", "ROW_THREADS");
    const { ROWS, COLUMNS, COLUMN_THREADS, ROW_THREADS } = sizes;
    return [Math.ceil(n / (COLUMNS * COLUMN_THREADS)), Math.ceil(rows / (ROWS * ROW_THREADS))];
  },
  cost: ({ rows, k, n }, _options, { dtypes }, shader) => {
    const { ROWS, COLUMNS } = constantsOf(shader, "ROWS", "COLUMNS");
    const threads = Math.ceil(n / COLUMNS) * Math.ceil(rows / ROWS);
    const added = dtypes["bias"] ? rows * n : 0;
    const [words, scales] = [threads * (ROWS + COLUMNS) * k, threads * (k / BLOCK) * 4 * (COLUMNS + ROWS * COLUMNS)];
    return { flops: 2 * rows * k * n + added, requestedBytes: words + scales + 4 * (rows * n + added) };
  },
});

/** Register tiles of bytes, after x is quantised. */
const tiles = {
  accepts: ({ x, weight }: MatmulTensors): string | undefined => {
    if (weight.dtype !== "q8_0") return `its weights are ${weight.dtype}, expected q8_0`;
    const k = x.shape.at(-1) ?? 0;
    return k > 0 && k % BLOCK === 0 ? undefined : `k is ${k}, expected a multiple of ${BLOCK}`;
  },
  record: (gpu: Gpu, { x, weight, bias }: MatmulTensors, { dot = "builtin", into }: MatmulInt8Options) => {
    if (weight.shape[1] !== x.shape.at(-1)) {
      throw new ShapeError(`matmulInt8: weight has rows of ${weight.shape[1]}, expected ${x.shape.at(-1)} (from x)`);
    }
    const { codes, scales } = quantise(gpu, { x });
    return product(gpu, { codes, scales, weight, bias }, { dot, ...(into ? { into } : {}) });
  },
};

const variants = { tiles } as const;

/**
 * Linear layer in integers, `y ≈ x · weightᵀ + bias`, for weights of Q8_0: x is rounded to signed bytes, each block of
 * 32 numbers with a scale, and bytes are multiplied (Dettmers et al. 2022, section 2.1, by blocks). An element of x is
 * off by at most max |x| / 254 of its block, so that a result is off by at most `Σ max |x| / 254 · Σ |weight|` over the
 * blocks, which is more than rounding in f32: `matmul` never chooses it. x `[...rows, k]`, weight `[n, k]`, bias `[n]`
 * → y `[...rows, n]`.
 */
export const matmulInt8 = defineOp<MatmulTensors, MatmulInt8Options, MatmulResult, typeof variants>(
  { name: "matmulInt8", variants, order: () => ["tiles"] },
  {
    tensors: tensorFields("x", "weight", "bias?"),
    options: fieldsOf<MatmulInt8Options>({ dot: oneOf("builtin", "plain"), into: intoOf("y") }),
  },
);
