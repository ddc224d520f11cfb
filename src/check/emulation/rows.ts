import { at, axes, type Dense, dense, splitAt } from "../../reference/dense.ts";
import { inRuns, inRunsOf, type Sum } from "./sums.ts";

// Norms, softmax and matmul as plain f32 loops, every operation rounded. Sums go from left to right, in runs where the
// kernel splits a row among threads: a single accumulator would allow those kernels much larger errors than they have.

const f = Math.fround;

/** RMS norm in f32; as `src/reference/norm.ts`. */
export function rmsNorm({ x, weight }: { x: Dense; weight: Dense }, { eps }: { eps: number }): { y: Dense } {
  const { rows, cols } = axes("rmsNorm", { x, weight }, { x: "...rows cols", weight: "cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const squares = inRuns((j) => f(at(x.values, row * cols + j) ** 2), cols);
    const root = f(Math.sqrt(f(f(squares / cols) + f(eps))));
    for (let j = 0; j < cols; j++) {
      y.values[row * cols + j] = f(f(at(x.values, row * cols + j) / root) * at(weight.values, j));
    }
  }
  return { y };
}

/** Layer norm in f32; as `src/reference/norm.ts`. */
export function layerNorm(
  { x, weight, bias }: { x: Dense; weight: Dense; bias?: Dense | undefined },
  { eps }: { eps: number },
): { y: Dense } {
  const { rows, cols } = axes("layerNorm", { x, weight }, { x: "...rows cols", weight: "cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const element = (j: number) => at(x.values, row * cols + j);
    const mean = f(inRuns(element, cols) / cols);
    const squares = inRuns((j) => f(f(element(j) - mean) ** 2), cols);
    const root = f(Math.sqrt(f(f(squares / cols) + f(eps))));
    for (let j = 0; j < cols; j++) {
      const normal = f(f(f(element(j) - mean) / root) * at(weight.values, j));
      y.values[row * cols + j] = bias ? f(normal + at(bias.values, j)) : normal;
    }
  }
  return { y };
}

const added = ({ x, residual }: { x: Dense; residual: Dense }): Dense =>
  dense(
    x.shape,
    x.values.map((value, i) => f(value + at(residual.values, i))),
  );

/** The residual add and RMS norm in f32; as `src/reference/norm.ts`. */
export function addRmsNorm(
  { x, residual, weight }: { x: Dense; residual: Dense; weight: Dense },
  options: { eps: number },
): { sum: Dense; y: Dense } {
  const sum = added({ x, residual });
  return { sum, ...rmsNorm({ x: sum, weight }, options) };
}

/** The residual add and layer norm in f32; as `src/reference/norm.ts`. */
export function addLayerNorm(
  { x, residual, weight, bias }: { x: Dense; residual: Dense; weight: Dense; bias?: Dense | undefined },
  options: { eps: number },
): { sum: Dense; y: Dense } {
  const sum = added({ x, residual });
  return { sum, ...layerNorm({ x: sum, weight, bias }, options) };
}

/** Softmax over the last axis in f32; as `src/reference/softmax.ts`. */
export function softmax({ x }: { x: Dense }, sumOf: Sum): { y: Dense } {
  const { rows, cols } = axes("softmax", { x }, { x: "...rows cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < cols; j++) max = Math.max(max, at(x.values, row * cols + j));
    if (max === Number.NEGATIVE_INFINITY) continue;
    const weight = (j: number) => f(Math.exp(f(at(x.values, row * cols + j) - max)));
    const sum = sumOf(weight, cols);
    for (let j = 0; j < cols; j++) y.values[row * cols + j] = f(weight(j) / sum);
  }
  return { y };
}

/** The gradient of softmax in f32; as `src/reference/softmax.ts`. */
export function softmaxBackward({ y, dy }: { y: Dense; dy: Dense }): { dx: Dense } {
  const { rows, cols } = axes("softmaxBackward", { y }, { y: "...rows cols" });
  const dx = dense(y.shape);
  for (let row = 0; row < rows; row++) {
    const share = (j: number) => at(y.values, row * cols + j);
    const gradient = (j: number) => (share(j) === 0 ? 0 : at(dy.values, row * cols + j));
    const sum = inRuns((j) => f(share(j) * gradient(j)), cols);
    for (let j = 0; j < cols; j++) dx.values[row * cols + j] = f(share(j) * f(gradient(j) - sum));
  }
  return { dx };
}

/** A linear layer in f32; as `src/reference/matmul.ts`. Products are rounded, unlike in a fused multiply-add. */
export function matmul(
  { x, weight, bias }: { x: Dense; weight: Dense; bias?: Dense | undefined },
  sumOf: Sum,
): { y: Dense } {
  const { rows, k, n } = axes("matmul", { x, weight }, { x: "...rows k", weight: "n k" });
  const y = dense([...x.shape.slice(0, -1), n]);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < n; output++) {
      const product = sumOf((i) => f(at(x.values, row * k + i) * at(weight.values, output * k + i)), k);
      y.values[row * n + output] = bias ? f(product + at(bias.values, output)) : product;
    }
  }
  return { y };
}

// Log-softmax and its gradient as plain f32 loops, every operation rounded.

/** Log-softmax in f32; as `src/reference/softmax.ts`. */
export function logSoftmax({ x }: { x: Dense }): { y: Dense } {
  const { rows, cols } = axes("logSoftmax", { x }, { x: "...rows cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const own = x.values.subarray(row * cols, (row + 1) * cols);
    const most = own.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const log = f(Math.log(inRuns((j) => f(Math.exp(f(at(own, j) - most))), cols)));
    for (let j = 0; j < cols; j++) {
      y.values[row * cols + j] = most === Number.NEGATIVE_INFINITY ? most : f(f(at(own, j) - most) - log);
    }
  }
  return { y };
}

/** Its gradient in f32. */
export function logSoftmaxBackward({ y, dy }: { y: Dense; dy: Dense }): { dx: Dense } {
  const { rows, cols } = axes("logSoftmaxBackward", { y }, { y: "...rows cols" });
  const dx = dense(y.shape);
  for (let row = 0; row < rows; row++) {
    const gradient = (j: number) => at(dy.values, row * cols + j);
    const sum = inRuns(gradient, cols);
    for (let j = 0; j < cols; j++) {
      dx.values[row * cols + j] = f(gradient(j) - f(f(Math.exp(at(y.values, row * cols + j))) * sum));
    }
  }
  return { dx };
}

// Sums over an axis as plain f32 loops, every operation rounded.

/** The sum over an axis in f32, in runs of 32; as `src/reference/reduce.ts`. */
export function sum({ x }: { x: Dense }, { axis }: { axis: number }): { y: Dense } {
  return reduce(x, axis, (all) => all);
}

/** The mean over an axis in f32, in runs of 32; as `src/reference/reduce.ts`. */
export function mean({ x }: { x: Dense }, { axis }: { axis: number }): { y: Dense } {
  return reduce(x, axis, (all, length) => Math.fround(all / length));
}

const inRuns32 = inRunsOf(32);

function reduce(x: Dense, axis: number, finish: (all: number, length: number) => number): { y: Dense } {
  const [outer, length, inner] = splitAt(x.shape, axis);
  const y = dense([outer, inner]);
  for (let i = 0; i < outer * inner; i++) {
    const first = Math.floor(i / inner) * length * inner + (i % inner);
    y.values[i] = finish(
      inRuns32((j) => at(x.values, first + j * inner), length),
      length,
    );
  }
  return { y };
}
