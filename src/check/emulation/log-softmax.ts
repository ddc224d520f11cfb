// Log-softmax and its gradient as plain f32 loops, every operation rounded.
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { inRuns } from "./sums.ts";

const f = Math.fround;

/** Log-softmax in f32; as `src/reference/log-softmax.ts`. */
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
