// The products of the experts' gradients, over rows sorted by expert.
import rowsSource from "#shaders/moe/backward/rows.wgsl";
import rowsNaiveSource from "#shaders/moe/backward/rows-naive.wgsl";
import weightsSource from "#shaders/moe/backward/weights.wgsl";
import weightsNaiveSource from "#shaders/moe/backward/weights-naive.wgsl";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { defineKernel, type KernelContext } from "../../define/kernel.ts";
import { weightPart, weightTypes } from "../../formats/formats.ts";
import { seenRows } from "../expert-weights.ts";

type Axes<A extends string> = Readonly<Record<A, number>>;

type RowsAxes = "tokens" | "n" | "inputs" | "k" | "padded" | "blocks" | "two" | "four";

/** What costs depend on other than shapes. */
interface Slots {
  /** Number of experts, e. */
  readonly count: number;
  /** Number of slots. */
  readonly slotCount: number;
}

interface RowsOptions extends Slots {
  /** Choices per token, k, where rows of x are tokens. Unset: rows are slots in `align`'s order. */
  readonly choices?: number;
}

interface WeightsOptions extends Slots {
  /** Range of the gradient's rows, all experts' rows counted; default all. */
  readonly begin?: number;
  readonly end?: number;
  /** Choices per token. */
  readonly choices: number;
  /** Which of the two has rows of tokens; other rows are slots in `align`'s order. Unset: those of both. */
  readonly gathered?: "a" | "b";
}

const tile = constantsOf(rowsSource, "ROWS", "COLUMNS", "COLUMN_THREADS", "ROW_THREADS");
const weightsTile = constantsOf(weightsSource, "COLUMNS", "COLUMN_THREADS", "ROW_THREADS");

/** Rows of a block in `align`'s order, for these products. */
export const block: number = tile.ROWS * tile.ROW_THREADS;

/** x `[rows, n]` times each expert's weight `[n, k]` → z `[padded, k]`. */
const rowsProduct = {
  inputs: {
    x: "[tokens, n]",
    weight: "[inputs, k]",
    slots: "[padded]",
    block_experts: "[blocks]",
    grids: "[two, four]",
  },
  outputs: { z: "[padded, k]" },
  accepts: { weight: weightTypes, slots: ["u32"], block_experts: ["u32"], grids: ["u32"] },
  segmented: { input: "weight", axis: "inputs" },
  params: ({ padded, n, k }: Axes<RowsAxes>, { choices = 1 }: RowsOptions, context: KernelContext) => ({
    rows: padded,
    n,
    k,
    choices,
    ...seenRows(context),
  }),
  specialise: (_axes: object, { choices }: RowsOptions, { dtypes, gpu }: KernelContext) => ({
    parts: [weightPart(dtypes["weight"], gpu).part],
    constants: { GATHERED: choices !== undefined },
  }),
} as const;

/** Counted without padding, which only the GPU knows, and as if a segment had as many rows of each expert. */
const rowsCost =
  (rows: number, columns: number) =>
  ({ inputs, k }: Axes<RowsAxes>, { slotCount, count }: RowsOptions, { dtypes, gpu }: KernelContext) => {
    const { four } = weightPart(dtypes["weight"], gpu);
    const n = inputs / count;
    return {
      flops: 2 * slotCount * n * k,
      requestedBytes: slotCount * k * (n * (4 / columns + four / 4 / rows) + 4),
    };
  };

/** Rows of the gradients of all experts' weights. */
const ownRows = (n: number, { count, begin = 0, end = count * n }: WeightsOptions) => ({ begin, end });

/** The slots of each expert of a `[rows, n]` and b `[rows, m]` → dw `[e · n, m]`, or some rows of it. */
const weightsProduct = {
  inputs: { a: "[a_rows, n]", b: "[b_rows, m]", slots: "[padded]", counts: "[e]", offsets: "[ends]" },
  outputs: { dw: "[outputs, m]" },
  accepts: { slots: ["u32"], counts: ["u32"], offsets: ["u32"] },
  axes: ({ n }: Axes<"n">, options: WeightsOptions) => {
    const { begin, end } = ownRows(n, options);
    return { outputs: end - begin };
  },
  params: ({ n, m }: Axes<"n" | "m">, options: WeightsOptions) => ({
    n,
    m,
    choices: options.choices,
    ...ownRows(n, options),
  }),
  specialise: (_axes: object, { gathered }: WeightsOptions) => ({
    constants: { GATHERED_A: gathered === "a", GATHERED_B: gathered === "b" },
  }),
} as const;

const weightsCost =
  (rows: number, columns: number) =>
  ({ outputs, m }: Axes<"outputs" | "m">, { count, slotCount }: WeightsOptions) => ({
    flops: (2 * slotCount * outputs * m) / count,
    requestedBytes: 4 * outputs * m * ((slotCount / count) * (1 / rows + 1 / columns) + 1),
  });

/** A thread an output. */
export const naiveProducts = {
  rows: defineKernel({
    ...rowsProduct,
    name: "moe/backward/rows-naive",
    source: rowsNaiveSource,
    threads: ({ padded, k }) => padded * k,
    cost: rowsCost(1, 1),
  }),
  weights: defineKernel({
    ...weightsProduct,
    name: "moe/backward/weights-naive",
    source: weightsNaiveSource,
    threads: ({ outputs, m }) => outputs * m,
    cost: weightsCost(1, 1),
  }),
};

/** In register tiles. */
export const registerProducts = {
  rows: defineKernel({
    ...rowsProduct,
    name: "moe/backward/rows",
    source: rowsSource,
    workgroups: ({ k, blocks }) => [Math.ceil(k / (tile.COLUMNS * tile.COLUMN_THREADS)), blocks],
    cost: rowsCost(tile.ROWS, tile.COLUMNS),
  }),
  weights: defineKernel({
    ...weightsProduct,
    name: "moe/backward/weights",
    source: weightsSource,
    workgroups: ({ n, m }, options) => {
      const { begin, end } = ownRows(n, options);
      return [
        Math.ceil(m / (weightsTile.COLUMNS * weightsTile.COLUMN_THREADS)),
        Math.ceil(n / (4 * weightsTile.ROW_THREADS)),
        Math.ceil(end / n) - Math.floor(begin / n), // the experts of these rows
      ];
    },
    cost: weightsCost(4, weightsTile.COLUMNS),
  }),
};

/** One of the two ways to compute the products. */
export type Products = typeof naiveProducts | typeof registerProducts;
