import type { Gpu } from "../../gpu/gpu.ts";
import { add, mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { rmsNorm } from "../../kernels/norm/rms-norm.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";

/** Of a quintic whose fixed points lie near 1 and that is steep at 0 (Jordan 2024). */
const [a, b, c] = [3.4445, -4.775, 2.0315];

const steps = 5;
/** Under the root of a sum of squares: the norm plus 10⁻⁷, as nearly. */
const least = 1e-14;

const swapped = (x: Tensor) => transpose(x, [0, 2, 1]);

/**
 * Matrices near to the orthonormal ones nearest to those given (Newton and Schulz, with Jordan's coefficients): five steps
 * of three products each, `X ← a·X + (b·A + c·A²)·X` with `A = X·Xᵀ`, of all matrices in a batch. Singular values of at
 * least a hundredth of the norm end between 0.68 and 1.2. f32 `[rows, columns]`, all of one shape → new tensors like them.
 */
export function orthogonalise(gpu: Gpu, matrices: readonly Tensor[]): Tensor[] {
  const [rows = 1, columns = 1] = matrices[0]?.shape ?? [];
  const isTall = rows > columns;
  const size = rows * columns;
  const stacked = concat(
    gpu,
    matrices.map((matrix) => {
      const one = reshape(matrix, [1, rows, columns]);
      return isTall ? swapped(one) : one;
    }),
    0,
  );
  const flat = reshape(stacked, [matrices.length, size]);
  // The root of the mean of squares times √size is the norm.
  const weight = fill(gpu, [size], 1 / Math.sqrt(size));
  let x = reshape(rmsNorm(gpu, { x: flat, weight }, { eps: least / size }).y, stacked.shape);
  const [ofX, ofA, ofSquare] = [a, b, c].map((factor) => fill(gpu, [1], factor)) as [Tensor, Tensor, Tensor];
  for (let step = 0; step < steps; step++) {
    const gram = gemm(gpu, { a: x, b: swapped(x) }).y;
    const square = gemm(gpu, { a: gram, b: gram }).y;
    const weights = add(gpu, { a: mul(gpu, { a: gram, b: ofA }).y, b: mul(gpu, { a: square, b: ofSquare }).y }).y;
    const moved = gemm(gpu, { a: weights, b: x }).y;
    x = add(gpu, { a: mul(gpu, { a: x, b: ofX }).y, b: moved }).y;
  }
  return matrices.map((_, i) => {
    const one = slice(x, 0, i, i + 1);
    return reshape(contiguous(gpu, { x: isTall ? swapped(one) : one }).y, [rows, columns]);
  });
}
