import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

/**
 * Gradient of softmax from its result: `dx = y · (dy − Σ y · dy)`, the sum over the last axis. y and dy `[...rows, cols]`
 * → dx like y. Where y is 0, as where a mask hides an element, dy has no part, whatever it holds.
 */
export function softmaxBackward(tensors: { y: Dense; dy: Dense }): { dx: Dense } {
  const { y, dy } = given("softmaxBackward", tensors, { y: tensor, dy: tensor });
  const pattern = "...rows cols";
  const { rows, cols } = axes("softmaxBackward", { y, dy }, { y: pattern, dy: pattern });
  const dx = dense(y.shape);
  for (let row = 0; row < rows; row++) {
    const live = (i: number) => at(y.values, i) !== 0; // of NaN too
    let sum = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) if (live(i)) sum += at(y.values, i) * at(dy.values, i);
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      if (live(i)) dx.values[i] = at(y.values, i) * (at(dy.values, i) - sum);
    }
  }
  return { dx };
}
