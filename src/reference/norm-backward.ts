import { at, axes, type Dense, dense } from "./dense.ts";
import { given, optionalTensor, tensor } from "./given.ts";
import { type NormOptions, normOptions } from "./norm.ts";

interface Tensors {
  x: Dense;
  weight: Dense;
  dy: Dense;
  dsum?: Dense | undefined;
}

/** What a norm subtracts from a row, and the root that it divides it by. */
type Statistics = (element: (j: number) => number, cols: number) => { mean: number; root: number };

const meanOf = (element: (j: number) => number, cols: number): number => {
  let sum = 0;
  for (let j = 0; j < cols; j++) sum += element(j);
  return sum / cols;
};

/**
 * The gradients of RMS norm: with `root = sqrt(mean(x²) + eps)`, `n = x / root` and `g = dy · weight`,
 * `dx = (g − n · mean(g · n)) / root + dsum` and `dweight = Σ dy · n` over all rows (Zhang and Sennrich 2019, section
 * 4). x, dy and dsum `[...rows, cols]`, weight `[cols]` (dsum: the gradient of x from elsewhere; none: 0) → dx like x,
 * dweight `[cols]`.
 */
export function rmsNormBackward(tensors: Tensors, options: NormOptions): { dx: Dense; dweight: Dense } {
  const { eps } = given("rmsNormBackward", options, normOptions);
  const { dx, dweight } = backward("rmsNormBackward", tensors, false, (element, cols) => ({
    mean: 0,
    root: Math.sqrt(meanOf((j) => element(j) ** 2, cols) + eps),
  }));
  return { dx, dweight };
}

/**
 * The gradients of layer norm: with `root = sqrt(variance + eps)`, `n = (x − mean) / root` and `g = dy · weight`,
 * `dx = (g − mean(g) − n · mean(g · n)) / root + dsum`, and over all rows `dweight = Σ dy · n` and `dbias = Σ dy`. Shapes
 * as in {@link rmsNormBackward}.
 */
export function layerNormBackward(tensors: Tensors, options: NormOptions): { dx: Dense; dweight: Dense; dbias: Dense } {
  const { eps } = given("layerNormBackward", options, normOptions);
  return backward("layerNormBackward", tensors, true, (element, cols) => {
    const mean = meanOf(element, cols);
    return { mean, root: Math.sqrt(meanOf((j) => (element(j) - mean) ** 2, cols) + eps) };
  });
}

/** The gradients of a norm with these statistics, whose mean depends on the row where it is `centred`. */
function backward(operation: string, tensors: Tensors, centred: boolean, statistics: Statistics) {
  const checks = { x: tensor, weight: tensor, dy: tensor, dsum: optionalTensor };
  const { x, weight, dy, dsum } = given(operation, tensors, checks);
  const pattern = "...rows cols";
  const { rows, cols } = axes(operation, { x, dy, weight }, { x: pattern, dy: pattern, weight: "cols" });
  if (dsum) axes(operation, { x, dsum }, { x: pattern, dsum: pattern });
  const [dx, dweight, dbias] = [dense(x.shape), dense([cols]), dense([cols])];
  for (let row = 0; row < rows; row++) {
    const { mean, root } = statistics((j) => at(x.values, row * cols + j), cols);
    const n = (j: number) => (at(x.values, row * cols + j) - mean) / root;
    const g = (j: number) => at(dy.values, row * cols + j) * at(weight.values, j);
    const along = meanOf((j) => g(j) * n(j), cols);
    const across = centred ? meanOf(g, cols) : 0;
    for (let j = 0; j < cols; j++) {
      const i = row * cols + j;
      dx.values[i] = (g(j) - across - n(j) * along) / root + (dsum ? at(dsum.values, i) : 0);
      dweight.values[j] = at(dweight.values, j) + at(dy.values, i) * n(j);
      dbias.values[j] = at(dbias.values, j) + at(dy.values, i);
    }
  }
  return { dx, dweight, dbias };
}
