import type { Case } from "../../src/check/case-table.ts";
import { normal } from "../../src/check/random.ts";
import { ropeTable, type WeightType } from "../../src/index.ts";

const input = (shape: readonly number[], seed: number, scale = 1) => ({
  shape,
  values: normal(
    shape.reduce((product, axis) => product * axis, 1),
    seed,
    scale,
  ),
});

/** A norm over rows of `cols`, with or without a bias. */
export function normShape(
  rows: number,
  cols: number,
  bias = false,
): Case<"x" | "weight" | "bias?", { readonly eps: number }> {
  return {
    name: `${rows}×${cols}`,
    inputs: { x: input([rows, cols], 1), weight: input([cols], 2), ...(bias ? { bias: input([cols], 3) } : {}) },
    options: { eps: 1e-5 },
  };
}

/** The gradients of a norm over rows of `cols`; of the bias if `needs` includes it. */
export const normBackwardShape = (
  rows: number,
  cols: number,
  needs: { readonly bias?: boolean } = {},
): Case<"x" | "weight" | "dy", { readonly eps: number; readonly needs: { readonly bias?: boolean } }> => ({
  name: `${rows}×${cols}`,
  inputs: { x: input([rows, cols], 1), weight: input([cols], 2), dy: input([rows, cols], 3) },
  options: { eps: 1e-5, needs },
});

/** A softmax over rows of `cols`. */
export const softmaxShape = (rows: number, cols: number): Case<"x"> => ({
  name: `${rows}×${cols}`,
  inputs: { x: input([rows, cols], 1, 4) },
});

/** The gradient of a softmax over rows of `cols`, of numbers that add up to 1 in a row. */
export const softmaxBackwardShape = (rows: number, cols: number): Case<"y" | "dy"> => ({
  name: `${rows}×${cols}`,
  inputs: {
    y: { shape: [rows, cols], values: new Float32Array(rows * cols).fill(1 / cols) },
    dy: input([rows, cols], 2),
  },
});

/** A rotation of `tokens` of one sequence, `heads` of `width`. */
export const ropeShape = (
  tokens: number,
  heads: number,
  width: number,
): Case<"x" | "table", { readonly layout: "halves" }> => ({
  name: `${tokens} tokens, ${heads}×${width}`,
  inputs: {
    x: input([1, tokens, heads, width], 1),
    table: {
      shape: [tokens, width / 2, 2],
      values: ropeTable({ theta: 10_000, width, positions: tokens, scaling: { kind: "none" } }),
    },
  },
  options: { layout: "halves" },
});

/** `rows × k` times `[n, k]`, weights of `dtype`. */
export function matmulShape(rows: number, k: number, n: number, dtype: WeightType): Case<"x" | "weight"> {
  return {
    name: `${rows}×${k}×${n} ${dtype}`,
    inputs: { x: input([rows, k], 1), weight: { ...input([n, k], 2, 1 / Math.sqrt(k)), dtype } },
  };
}

/** A product `[m, k]` · `[k, n]`, with `[k, m]` transposed for Aᵀ·B, and `[n, k]` transposed for A·Bᵀ. */
export function gemmShape(
  m: number,
  k: number,
  n: number,
  transposed: readonly ("a" | "b")[] = [],
): Case<"a" | "b", { readonly transposed: readonly ("a" | "b")[] }> {
  const [a, b] = [transposed.includes("a") ? "Aᵀ" : "A", transposed.includes("b") ? "Bᵀ" : "B"];
  return {
    name: `${m}×${k}×${n} ${a}·${b}`,
    inputs: {
      a: input(transposed.includes("a") ? [k, m] : [m, k], 1),
      b: input(transposed.includes("b") ? [n, k] : [k, n], 2, 1 / Math.sqrt(k)),
    },
    options: { transposed },
  };
}
