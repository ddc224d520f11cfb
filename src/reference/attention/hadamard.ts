import { given, tensor } from "../arguments.ts";
import { at, type Dense, dense } from "../dense.ts";

/** True where i and j have an odd number of ones in common. */
function isOdd(i: number, j: number): boolean {
  let odd = false;
  for (let both = i & j; both > 0; both &= both - 1) odd = !odd;
  return odd;
}

/**
 * The last axis of x `[…, d]` times the Hadamard matrix `H[i, j] = (−1)^(ones of i & j)` over `√n`, in blocks of n
 * elements: the largest power of two that divides d, at most 1,024 (Sylvester's construction; as QuaRot, Ashkboos et
 * al. 2024, section 4, rotates keys and values) → y like x. By the definition, n products an element.
 */
export function hadamard(tensors: { x: Dense }): { y: Dense } {
  const { x } = given("hadamard", tensors, { x: tensor });
  const d = x.shape.at(-1) ?? 1;
  let n = 1;
  while (n < 1024 && d > 0 && d % (2 * n) === 0) n *= 2;
  const y = dense(x.shape);
  for (let i = 0; i < y.values.length; i++) {
    const first = i - (i % n);
    let sum = 0;
    for (let j = 0; j < n; j++) sum += isOdd(i % n, j) ? -at(x.values, first + j) : at(x.values, first + j);
    y.values[i] = sum / Math.sqrt(n);
  }
  return { y };
}
