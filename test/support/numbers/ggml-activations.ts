// How ggml's CPU code rounds what a packed matrix is multiplied by: its products are of integers, so rows of
// activations are quantised first (ggml-cpu's `vec_dot_type`). Nothing here does so: matrices are unpacked to f32
// instead.
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { furthestOf, nearestEven } from "../../../src/tensor/formats/codecs/fit-steps.ts";
import { type DType, roundTo } from "../../../src/tensor/formats/formats.ts";

/** Elements of a block of Q8_K, ggml's type of activations for matrices of k-quants. */
const elements = 256;

/** Bytes with a scale of f32 for each 256; the number furthest from 0 becomes −127. */
function roundToQ8K(x: Float32Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += elements) {
    const furthest = furthestOf(x, first, elements);
    if (furthest === 0) continue;
    const inverse = Math.fround(-127 / furthest);
    const scale = Math.fround(1 / inverse);
    for (let i = first; i < first + elements; i++) {
      out[i] = scale * Math.min(127, nearestEven(Math.fround((x[i] ?? 0) * inverse)));
    }
  }
  return out;
}

/** Rows as ggml multiplies matrices of this type by them. The codecs have to be loaded. */
export function ggmlActivations({ shape, values }: Dense, matrix: DType): Dense {
  if (matrix === "f32") return dense(shape, values);
  const x = Float32Array.from(values);
  if (matrix.endsWith("_k")) return dense(shape, roundToQ8K(x));
  if (matrix === "q8_0" || matrix === "q4_0") return dense(shape, roundTo("q8_0", shape, x));
  throw new RangeError(`${matrix}: expected f32, q8_0, q4_0 or a k-quant`);
}
