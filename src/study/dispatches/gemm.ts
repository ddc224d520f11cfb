// Matrix products of contiguous matrices, y [m, n] = a [m, k] · b [k, n], from one thread a result to a subgroup a tile.
import aAlongK from "#shaders/gemm/a-quads/along-k.wgsl";
import bAlongN from "#shaders/gemm/b-quads/along-n.wgsl";
import coalesced from "#shaders/gemm/coalesced.wgsl";
import doubleBuffer from "#shaders/gemm/double-buffer.wgsl";
import naive from "#shaders/gemm/naive.wgsl";
import padded from "#shaders/gemm/padded.wgsl";
import registers1d from "#shaders/gemm/registers-1d.wgsl";
import registers2d from "#shaders/gemm/registers-2d.wgsl";
import join from "#shaders/gemm/split-k/join.wgsl";
import parts from "#shaders/gemm/split-k/parts.wgsl";
import subgroups from "#shaders/gemm/subgroups.wgsl";
import tiled from "#shaders/gemm/tiled.wgsl";
import vectors from "#shaders/gemm/vectors.wgsl";
import { type Dense, dense } from "../../reference/dense.ts";
import { slice } from "../../reference/layout.ts";
import { gemm } from "../../reference/matmul.ts";
import { sum } from "../../reference/reduce.ts";
import { type Dispatch, floats, type Inputs } from "../dispatch.ts";
import { type Reference, type Size, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";

type Name = "m" | "k" | "n";
type Sizes = Readonly<Record<Name, number>>;

const sizes: Readonly<Record<Name, Size>> = {
  m: { meaning: "rows of a and of the result", usual: 48, most: 4096 },
  k: { meaning: "columns of a and rows of b", usual: 32, most: 4096 },
  n: { meaning: "columns of b and of the result", usual: 40, most: 4096 },
};
const splits: Size = { meaning: "runs into which k is cut", usual: 2, most: 256 };

/** A product by workgroups that have so many rows and columns of the result. */
const product = ({ m, k, n }: Sizes, rows: number, columns: number): Dispatch => ({
  uniforms: { params: { batch: 1, h: 1, m, k, n, a_row: k, a_i: 1, b_i: n, b_column: 1 } },
  inputs: { a: floats(m * k), b: floats(k * n) },
  outputs: { y: m * n },
  workgroups: [Math.ceil(n / columns), Math.ceil(m / rows), 1],
});

const operands = ({ a, b }: Inputs, { m, k, n }: Sizes) => ({ a: dense([m, k], a), b: dense([k, n], b) });

const reference: Reference<Name> = { name: "gemm", results: (inputs, sizes) => gemm(operands(inputs, sizes)) };

const whole = { sizes, reference } as const;

/** The epilogue adds a bias of 0 to each result. */
const byThread = {
  ...whole,
  small: { sizes: { m: 3, k: 5, n: 5 }, constants: { WORKGROUP: 4 } },
  dispatch: (sizes: Sizes, value: ValueOf): Dispatch => ({
    ...product(sizes, 1, 1),
    workgroups: [Math.ceil((sizes.m * sizes.n) / value("WORKGROUP")), 1, 1],
  }),
  cost: { requestedBytes: "4 * (2 * m * k * n + m * n)", operations: "2 * m * k * n + m * n" },
} as const;

/** The cost of tiles that are zero past the edges: what lies inside is loaded, and all is computed. */
const tileCost = (rows: string, columns: string, depth: string) => {
  const [down, across] = [`((m + ${rows} - 1) / ${rows})`, `((n + ${columns} - 1) / ${columns})`];
  return {
    requestedBytes: `4 * (m * k * ${across} + k * n * ${down} + m * n)`,
    operations: `2 * ${down} * ${rows} * ${across} * ${columns} * ((k + ${depth} - 1) / ${depth}) * ${depth} + m * n`,
  };
};

/** Vectors where four divides the sizes; else quads are read element by element. */
const quads = ({ m, k, n }: Sizes) => ({
  parts: [...(m % 4 === 0 && k % 4 === 0 ? [aAlongK] : []), ...(n % 4 === 0 && k % 4 === 0 ? [bAlongN] : [])],
});

const byQuads = {
  ...whole,
  small: { sizes: { m: 33, k: 6, n: 5 }, constants: { THREADS: 4, DEPTH: 4 } },
  specialise: quads,
  dispatch: (sizes: Sizes, value: ValueOf) => product(sizes, value("TILE"), value("TILE")),
  cost: {
    requestedBytes: "8 * TILE * k * ((m + TILE - 1) / TILE) * ((n + TILE - 1) / TILE) + 4 * m * n",
    operations: tileCost("TILE", "TILE", "DEPTH").operations,
  },
} as const;

/** k cut into runs of whole tiles. */
const runOf = (k: number, splits: number, tile: number): number => Math.ceil(k / splits / tile) * tile;

/** Products of the runs of k, one after the other. */
function partial(inputs: Inputs, { splits, ...sizes }: Sizes & { readonly splits: number }, run: number): Dense {
  const { a, b } = operands(inputs, sizes);
  const pieces = Array.from({ length: splits }, (_, i) => {
    const range = { start: i * run, end: Math.min((i + 1) * run, sizes.k) };
    return gemm({ a: slice({ x: a }, { axis: 1, ...range }).y, b: slice({ x: b }, { axis: 0, ...range }).y }).y;
  });
  return dense([splits, sizes.m, sizes.n], Float64Array.from(pieces.flatMap(({ values }) => [...values])));
}

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  shaped(naive, byThread),
  shaped(coalesced, byThread),
  shaped(tiled, {
    ...whole,
    small: { sizes: { m: 5, k: 7, n: 3 }, constants: { TILE: 3 } },
    dispatch: (sizes, value) => product(sizes, value("TILE"), value("TILE")),
    cost: tileCost("TILE", "TILE", "TILE"),
  }),
  shaped(registers1d, {
    ...whole,
    small: { sizes: { m: 5, k: 7, n: 3 }, constants: { ROWS: 2, TILE_ROWS: 4, TILE_COLUMNS: 2, DEPTH: 3 } },
    dispatch: (sizes, value) => product(sizes, value("TILE_ROWS"), value("TILE_COLUMNS")),
    cost: tileCost("TILE_ROWS", "TILE_COLUMNS", "DEPTH"),
  }),
  shaped(registers2d, {
    ...whole,
    small: {
      sizes: { m: 5, k: 7, n: 7 },
      constants: { ROWS: 2, COLUMNS: 2, ROW_THREADS: 2, COLUMN_THREADS: 2, DEPTH: 3 },
    },
    dispatch: (sizes, value) => product(sizes, value("TILE_ROWS"), value("TILE_COLUMNS")),
    cost: tileCost("TILE_ROWS", "TILE_COLUMNS", "DEPTH"),
  }),
  shaped(vectors, byQuads),
  shaped(padded, byQuads),
  shaped(doubleBuffer, byQuads),
  shaped(subgroups, {
    ...whole,
    small: { sizes: { m: 9, k: 6, n: 9 }, constants: { SUBGROUP: 2, ROW_QUADS: 1 } },
    specialise: quads,
    dispatch: (sizes, value) => product(sizes, value("ROWS"), 4 * value("SUBGROUP")),
    cost: {
      requestedBytes:
        "16 * k * (((m + 3) / 4) + SUBGROUP * ((m + ROWS - 1) / ROWS)) * ((n + 4 * SUBGROUP - 1) / (4 * SUBGROUP)) + 4 * m * n",
    },
  }),
  shaped(parts, {
    sizes: { ...sizes, splits },
    small: { sizes: { m: 3, k: 7, n: 2, splits: 2 }, constants: { TILE: 2 } },
    dispatch: ({ splits, ...sizes }, value) => {
      const tile = value("TILE");
      const { uniforms, inputs, workgroups } = product(sizes, tile, tile);
      return {
        uniforms: { ...uniforms, split: { splits, run: runOf(sizes.k, splits, tile) } },
        inputs,
        outputs: { partial: splits * sizes.m * sizes.n },
        workgroups: [workgroups[0], workgroups[1], splits],
      };
    },
    reference: {
      name: "gemm",
      results: (inputs, sizes, value) => ({
        partial: partial(inputs, sizes, runOf(sizes.k, sizes.splits, value("TILE"))),
      }),
    },
  }),
  shaped(join, {
    sizes: { m: sizes.m, n: sizes.n, splits },
    small: { sizes: { m: 2, n: 3, splits: 2 }, constants: { WORKGROUP: 4 } },
    dispatch: ({ m, n, splits }, value) => ({
      uniforms: { params: { size: m * n, n, splits } },
      inputs: { partial: floats(splits * m * n) },
      outputs: { y: m * n },
      workgroups: [Math.ceil((m * n) / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "sum",
      results: ({ partial }, { m, n, splits }) => sum({ x: dense([splits, m, n], partial) }, { axis: 0 }),
    },
    cost: { requestedBytes: "4 * (splits + 1) * m * n", operations: "(splits + 1) * m * n" },
  }),
];
