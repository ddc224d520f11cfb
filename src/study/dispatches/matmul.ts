// Linear layers, y [rows, n] = x [rows, k] · weightᵀ, the weight being [n, k]: with plain weights, of integers, by heads.
import heads from "#shaders/matmul/heads.wgsl";
import int8Product from "#shaders/matmul/int8/product.wgsl";
import int8Quantise from "#shaders/matmul/int8/quantise.wgsl";
import naive from "#shaders/matmul/naive.wgsl";
import register from "#shaders/matmul/register.wgsl";
import subgroups from "#shaders/matmul/subgroups.wgsl";
import tiled from "#shaders/matmul/tiled.wgsl";
import vector from "#shaders/matmul/vector.wgsl";
import vectorSubgroups from "#shaders/matmul/vector-subgroups.wgsl";
import { dense } from "../../reference/dense.ts";
import { transpose } from "../../reference/layout.ts";
import { gemm, matmul } from "../../reference/matmul.ts";
import { type Dispatch, floats, randomWords } from "../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";

type Name = "rows" | "k" | "n";
type Sizes = Readonly<Record<Name, number>>;

const k = (usual: number, multipleOf: number): Size => ({
  meaning: "elements of a row of x and of the weight",
  usual,
  most: 4096,
  multipleOf,
});

/** Sizes, of which k is a multiple of what a thread loads. */
const sizesOf = (multipleOf: number, usualRows = 20, mostRows = 4096): Readonly<Record<Name, Size>> => ({
  rows: { meaning: "rows of x and of the result", usual: usualRows, most: mostRows },
  k: k(64, multipleOf),
  n: { meaning: "rows of the weight and columns of the result", usual: 40, most: 4096 },
});

/** A product by workgroups that have so many rows and columns of the result. The weight is read in whole vectors. */
const linear = ({ rows, k, n }: Sizes, ofWorkgroup: readonly [rows: number, columns: number]): Dispatch => ({
  uniforms: { params: { rows, k, n, begin: 0, total: n } },
  inputs: { x: floats(rows * k), weight: floats(Math.ceil((n * k) / 4) * 4) },
  outputs: { y: rows * n },
  workgroups: [Math.ceil(n / ofWorkgroup[1]), Math.ceil(rows / ofWorkgroup[0]), 1],
});

const reference: Reference<Name> = {
  name: "matmul",
  results: ({ x, weight }, { rows, k, n }) =>
    matmul({ x: dense([rows, k], x), weight: dense([n, k], weight?.subarray(0, n * k)) }),
};

/** ROWS of kernels for few rows: 1, 2, 4 or 8. */
const fewRows = ({ rows }: Sizes) => ({ constants: { ROWS: 2 ** Math.ceil(Math.log2(rows)) } });

const tooManyRows = ({ rows }: Sizes, value: ValueOf): string | undefined =>
  rows > value("ROWS") ? `there are ${rows} rows and ROWS is ${value("ROWS")}, expected at least as much` : undefined;

/** Codes of eight bits, with a scale for each 32: of x in f32, of the weight two f16 to a word. */
const integers = ({ rows, k, n }: Sizes, value: ValueOf): Dispatch => ({
  uniforms: { params: { rows, k, n, begin: 0, total: n } },
  inputs: {
    codes: randomWords((rows * k) / 4),
    scales: floats((rows * k) / 32),
    weight: randomWords((n * k) / 4),
    weight_scales: randomWords(Math.ceil((n * k) / 64)),
  },
  outputs: { y: rows * n },
  workgroups: [
    Math.ceil(n / (value("COLUMNS") * value("COLUMN_THREADS"))),
    Math.ceil(rows / (value("ROWS") * value("ROW_THREADS"))),
    1,
  ],
});

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(naive, {
    sizes: sizesOf(1),
    reference,
    small: { sizes: { rows: 3, k: 5, n: 4 }, constants: { WORKGROUP: 4 } },
    dispatch: (sizes, value) => ({
      ...linear(sizes, [1, 1]),
      workgroups: [Math.ceil((sizes.rows * sizes.n) / value("WORKGROUP")), 1, 1],
    }),
    cost: { requestedBytes: "8 * rows * k * n + 4 * rows * n", operations: "2 * rows * k * n + rows * n" },
  }),
  shaped(tiled, {
    sizes: sizesOf(1),
    reference,
    small: { sizes: { rows: 5, k: 7, n: 3 }, constants: { TILE: 3 } },
    dispatch: (sizes, value) => linear(sizes, [value("TILE"), value("TILE")]),
    cost: {
      requestedBytes: "4 * (rows * k * ((n + TILE - 1) / TILE) + n * k * ((rows + TILE - 1) / TILE) + rows * n)",
    },
  }),
  shaped(register, {
    sizes: sizesOf(4),
    reference,
    small: {
      sizes: { rows: 7, k: 12, n: 6 },
      constants: { ROWS: 2, COLUMNS: 2, COLUMN_THREADS: 2, ROW_THREADS: 2, DEPTH: 2 },
    },
    dispatch: (sizes, value) =>
      linear(sizes, [value("ROWS") * value("ROW_THREADS"), value("COLUMNS") * value("COLUMN_THREADS")]),
    cost: {
      requestedBytes:
        "4 * (rows * k * ((n + TILE_COLUMNS - 1) / TILE_COLUMNS) + n * k * ((rows + TILE_ROWS - 1) / TILE_ROWS) + " +
        "rows * n)",
    },
  }),
  shaped(vector, {
    sizes: sizesOf(4, 1, 8),
    reference,
    small: { sizes: { rows: 3, k: 16, n: 13 }, constants: { ROWS: 3, LANES: 2, WORKGROUP: 4 } },
    specialise: fewRows,
    refuses: tooManyRows,
    dispatch: (sizes, value) => linear(sizes, [8, 4 * value("TEAMS")]),
    cost: {
      requestedBytes: "(ROWS + 4) * k * 4 * TEAMS * ((n + 4 * TEAMS - 1) / (4 * TEAMS)) + 4 * rows * n",
    },
  }),
  shaped(subgroups, {
    sizes: sizesOf(4),
    reference,
    small: { sizes: { rows: 3, k: 8, n: 9 }, constants: { SUBGROUP: 2, ROWS: 2, TILES: 1, COLUMNS: 4 } },
    dispatch: (sizes, value) => linear(sizes, [value("ROWS") * value("TILES"), value("COLUMNS") * value("SUBGROUP")]),
    cost: {
      requestedBytes:
        "4 * k * (rows + COLUMNS * SUBGROUP * ((rows + ROWS * TILES - 1) / (ROWS * TILES))) * " +
        "((n + COLUMNS * SUBGROUP - 1) / (COLUMNS * SUBGROUP)) + 4 * rows * n",
    },
  }),
  shaped(vectorSubgroups, {
    sizes: sizesOf(4, 1, 8),
    reference,
    small: { sizes: { rows: 2, k: 8, n: 9 }, constants: { SUBGROUP: 2, ROWS: 2, COLUMNS: 4 } },
    specialise: fewRows,
    refuses: tooManyRows,
    dispatch: (sizes, value) => {
      const plain = linear(sizes, [8, value("COLUMNS") * value("SUBGROUP")]);
      const rest = { eps: 0, row_words: sizes.k, none: 0 };
      return { ...plain, uniforms: { params: { ...plain.uniforms["params"], ...rest } } };
    },
  }),
  shaped(int8Quantise, {
    sizes: { rows: sizesOf(1).rows, k: k(64, 32) },
    small: { sizes: { rows: 3, k: 32 }, constants: { WORKGROUP: 2 } },
    dispatch: ({ rows, k }, value) => {
      const blocks = (rows * k) / 32;
      return {
        uniforms: { params: { blocks } },
        inputs: { x: floats(rows * k) },
        outputs: { codes: (rows * k) / 4, scales: blocks },
        workgroups: [Math.ceil(blocks / value("WORKGROUP")), 1, 1],
      };
    },
  }),
  shaped(int8Product, {
    sizes: sizesOf(32),
    small: {
      sizes: { rows: 3, k: 32, n: 3 },
      constants: { ROWS: 2, COLUMNS: 2, COLUMN_THREADS: 2, ROW_THREADS: 1 },
    },
    dispatch: integers,
  }),
  shaped(heads, {
    sizes: { ...sizesOf(1), heads: { meaning: "heads, each with a weight of its own", usual: 3, most: 64 } },
    small: { sizes: { rows: 2, heads: 3, k: 4, n: 3 }, constants: { WORKGROUP: 4 } },
    dispatch: ({ rows, heads: h, k, n }, value) => {
      const size = rows * h * n;
      const ofWeight = { weight_head: n * k, weight_column: k, weight_i: 1 };
      return {
        uniforms: { params: { size, h, k, n, x_row: h * k, x_head: k, ...ofWeight } },
        inputs: { x: floats(rows * h * k), weight: floats(h * n * k) },
        outputs: { y: size },
        workgroups: [Math.ceil(size / value("WORKGROUP")), 1, 1],
      };
    },
    reference: {
      name: "gemm",
      results: ({ x, weight }, { rows, heads: h, k, n }) => {
        const a = transpose({ x: dense([rows, h, k], x) }, { order: [1, 0, 2] }).y;
        const b = transpose({ x: dense([h, n, k], weight) }, { order: [0, 2, 1] }).y;
        return transpose({ x: gemm({ a, b }).y }, { order: [1, 0, 2] });
      },
    },
  }),
];
