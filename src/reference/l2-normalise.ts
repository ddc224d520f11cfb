import { atLeast } from "../options/checks.ts";
import { at, axes, type Dense, dense, dot } from "./dense.ts";
import { given, tensor } from "./given.ts";

/** What keeps a row of zeros finite; default 10⁻¹². */
export interface L2Options {
  eps?: number;
}

const choices = { eps: atLeast(0) };
const pattern = "...rows cols";

const lengthOf = (x: Dense, row: number, cols: number, eps = 1e-12) =>
  Math.sqrt(dot(x.values, row * cols, x.values, row * cols, cols) + eps ** 2);

/** Rows of length 1: `y = x / √(Σ x² + eps²)`. x `[...rows, cols]` → y like x. */
export function l2Normalise(tensors: { x: Dense }, options: L2Options = {}): { y: Dense } {
  const { x } = given("l2Normalise", tensors, { x: tensor });
  const { eps } = given("l2Normalise", options, choices);
  const { rows, cols } = axes("l2Normalise", { x }, { x: pattern });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(x, row, cols, eps);
    for (let j = 0; j < cols; j++) y.values[row * cols + j] = at(x.values, row * cols + j) / length;
  }
  return { y };
}

/**
 * Gradient of {@link l2Normalise}: `dx = (dy − y · Σ y · dy) / length`, with `length = √(Σ x² + eps²)` and `y = x / length`.
 * x and dy `[...rows, cols]` → dx like x.
 */
export function l2NormaliseBackward(tensors: { x: Dense; dy: Dense }, options: L2Options = {}): { dx: Dense } {
  const { x, dy } = given("l2NormaliseBackward", tensors, { x: tensor, dy: tensor });
  const { eps } = given("l2NormaliseBackward", options, choices);
  const { rows, cols } = axes("l2NormaliseBackward", { x, dy }, { x: pattern, dy: pattern });
  const { y } = l2Normalise({ x }, options);
  const dx = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(x, row, cols, eps);
    const along = dot(y.values, row * cols, dy.values, row * cols, cols);
    for (let j = row * cols; j < (row + 1) * cols; j++) {
      dx.values[j] = (at(dy.values, j) - at(y.values, j) * along) / length;
    }
  }
  return { dx };
}
