import { oneOf } from "../options/checks.ts";
import { gelu, geluTanh, silu } from "./activation.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense, dot, lengthOf, sizeOf } from "./dense.ts";

/**
 * Linear layer: `y = x · weightᵀ + bias`, the weight stored one output per row, as checkpoints store it.
 * x `[...rows, k]`, weight `[n, k]`, bias `[n]` (none: 0) → y `[...rows, n]`.
 */
export function matmul(tensors: { x: Dense; weight: Dense; bias?: Dense | undefined }): { y: Dense } {
  const { x, weight, bias } = given("matmul", tensors, { x: tensor, weight: tensor, bias: optionalTensor });
  const { rows, k, n } = axes("matmul", { x, weight }, { x: "...rows k", weight: "n k" });
  if (bias) axes("matmul", { weight, bias }, { weight: "n k", bias: "n" });
  const y = dense([...x.shape.slice(0, -1), n]);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < n; output++) {
      const product = dot(x.values, row * k, weight.values, output * k, k);
      y.values[row * n + output] = product + (bias ? at(bias.values, output) : 0);
    }
  }
  return { y };
}

/** Options of {@link gemm}. */
export interface GemmOptions {
  /** A function of every element, after the bias; default none. */
  readonly activation?: "relu" | "silu" | "gelu" | "gelu-tanh" | undefined;
}

const relu = ({ x }: { x: Dense }) => ({
  y: dense(
    x.shape,
    x.values.map((value) => Math.max(value, 0)),
  ),
});

const activations = { relu, silu, gelu, "gelu-tanh": geluTanh } as const;

/** The matrix of an operand for product number `index` of a batch, whose axes of length 1 are repeated. */
function matrixOf({ shape, values }: Dense, batch: readonly number[], index: number): Float64Array {
  const own = shape.slice(0, -2);
  const size = sizeOf(shape.slice(-2));
  let [rest, number, stride] = [index, 0, 1];
  for (let axis = 1; axis <= batch.length; axis++) {
    const length = batch[batch.length - axis] ?? 1;
    const mine = own[own.length - axis] ?? 1;
    if (mine > 1) number += (rest % length) * stride;
    stride *= mine;
    rest = Math.floor(rest / length);
  }
  return values.subarray(number * size, (number + 1) * size);
}

/** The sum of one element of a product: row and column of left `[m, k]` and right `[k, n]`. */
type Element = (
  left: Float64Array,
  right: Float64Array,
  at: { readonly row: number; readonly column: number; readonly k: number; readonly n: number },
) => number;

/** The products of a batch, each element computed by `element`. */
export function products({ a, b }: { a: Dense; b: Dense }, element: Element): Dense {
  const [m, k, n] = [lengthOf(a.shape, -2), lengthOf(a.shape, -1), lengthOf(b.shape, -1)];
  const inner = lengthOf(b.shape, -2);
  if (inner !== k) throw new RangeError(`gemm: a has rows of ${k}, b has columns of ${inner}`);
  const rank = Math.max(a.shape.length, b.shape.length) - 2;
  const batch = Array.from({ length: rank }, (_, axis) => {
    const [left = 1, right = 1] = [a, b].map(({ shape }) => shape[axis - rank + shape.length - 2]);
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`gemm: batches of ${left} and ${right} do not go together`);
    }
    return left === 1 ? right : left;
  });
  const y = dense([...batch, m, n]);
  for (let product = 0; product < sizeOf(batch); product++) {
    const [left, right] = [matrixOf(a, batch, product), matrixOf(b, batch, product)];
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        y.values[(product * m + row) * n + column] = element(left, right, { row, column, k, n });
      }
    }
  }
  return y;
}

/**
 * Matrix products, `y = activation(a · b + bias)`: a `[...batch, m, k]`, b `[...batch, k, n]`, bias `[n]` (none: 0) → y
 * `[...batch, m, n]`. Batch axes that are missing or of length 1 are repeated.
 */
export function gemm(
  tensors: { a: Dense; b: Dense; bias?: Dense | undefined },
  options: GemmOptions = {},
): { y: Dense } {
  const { a, b, bias } = given("gemm", tensors, { a: tensor, b: tensor, bias: optionalTensor });
  const { activation } = given("gemm", options, { activation: oneOf("relu", "silu", "gelu", "gelu-tanh") });
  const columns = lengthOf(b.shape, -1);
  if (bias && sizeOf(bias.shape) !== columns) {
    throw new RangeError(`gemm: bias has ${sizeOf(bias.shape)} numbers, expected ${columns}, the columns of b`);
  }
  const y = products({ a, b }, (left, right, { row, column, k, n }) => {
    let sum = bias ? at(bias.values, column) : 0;
    for (let i = 0; i < k; i++) sum += at(left, row * k + i) * at(right, i * n + column);
    return sum;
  });
  return activation ? activations[activation]({ x: y }) : { y };
}
