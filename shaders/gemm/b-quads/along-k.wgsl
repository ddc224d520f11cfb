// with: gemm/b-vectors/f32
// Four columns of b at four values of i, where neighbours along i are neighbours in memory, as in A·Bᵀ: four loads,
// each of a column, and the quad is transposed in registers. Needs k to be a multiple of 4.

// Column j of the result has columns column to column + 3 at i + j: zeros past the last i, the last column again past
// it.
fn b_quad(start: u32, i: u32, column: u32) -> mat4x4f {
  if (i >= params.k) { return mat4x4f(); }
  let last = params.n - 1;
  return transpose(mat4x4f(
    load_b4(b_index(start, i, min(column, last))),
    load_b4(b_index(start, i, min(column + 1, last))),
    load_b4(b_index(start, i, min(column + 2, last))),
    load_b4(b_index(start, i, min(column + 3, last))),
  ));
}
