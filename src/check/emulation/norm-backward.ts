// The gradients of norms as plain f32 loops, every operation rounded. Sums over a row and over rows go in runs, as
// those of kernels that split them among threads.
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { inRuns, inRunsOf } from "./sums.ts";

const f = Math.fround;

type Element = (j: number) => number;

const mean = (element: Element, cols: number) => f(inRuns(element, cols) / cols);
const inverseRoot = (square: number, eps: number) => f(1 / f(Math.sqrt(f(square + f(eps)))));
const overRows = inRunsOf(32);

interface Tensors {
  x: Dense;
  weight: Dense;
  dy: Dense;
  dsum?: Dense | undefined;
}

/** Gradients of RMS norm in f32; as `src/reference/norm.ts`. */
export function rmsNormBackward(tensors: Tensors, { eps }: { eps: number }): { dx: Dense; dweight: Dense } {
  const { dx, dweight } = backward(tensors, (element, cols) => [
    0,
    inverseRoot(
      mean((j) => f(element(j) ** 2), cols),
      eps,
    ),
  ]);
  return { dx, dweight };
}

/** Gradients of layer norm in f32; as `src/reference/norm.ts`. */
export function layerNormBackward(
  tensors: Tensors,
  { eps }: { eps: number },
): { dx: Dense; dweight: Dense; dbias: Dense } {
  const centre = (element: Element, cols: number): [number, number] => {
    const middle = mean(element, cols);
    const square = mean((j) => f(f(element(j) - middle) ** 2), cols);
    return [middle, inverseRoot(square, eps)];
  };
  return backward(tensors, centre, true);
}

function backward(
  { x, weight, dy, dsum }: Tensors,
  statistics: (element: Element, cols: number) => [middle: number, scale: number],
  centred = false,
) {
  const { rows, cols } = axes("backward", { x, weight }, { x: "...rows cols", weight: "cols" });
  const [dx, dweight, dbias] = [dense(x.shape), dense([cols]), dense([cols])];
  const normal = new Float32Array(x.values.length);
  for (let row = 0; row < rows; row++) {
    const element = (j: number) => at(x.values, row * cols + j);
    const [middle, scale] = statistics(element, cols);
    for (let j = 0; j < cols; j++) normal[row * cols + j] = f(element(j) - middle) * scale;
    const n = (j: number) => normal[row * cols + j] ?? Number.NaN;
    const g = (j: number) => f(at(dy.values, row * cols + j) * at(weight.values, j));
    const along = mean((j) => f(g(j) * n(j)), cols);
    const across = centred ? mean(g, cols) : 0;
    for (let j = 0; j < cols; j++) {
      const inner = f(f(f(f(g(j) - across) - f(n(j) * along)) * scale));
      dx.values[row * cols + j] = dsum ? f(inner + at(dsum.values, row * cols + j)) : inner;
    }
  }
  for (let j = 0; j < cols; j++) {
    const gradient = (row: number) => at(dy.values, row * cols + j);
    dweight.values[j] = overRows((row) => f(gradient(row) * (normal[row * cols + j] ?? Number.NaN)), rows);
    dbias.values[j] = overRows(gradient, rows);
  }
  return { dx, dweight, dbias };
}
