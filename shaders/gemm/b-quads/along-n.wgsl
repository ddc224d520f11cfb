// with: gemm/b-vectors/f32
// Four columns of b at four values of i, where neighbours along the columns are neighbours in memory, as in A·B and
// Aᵀ·B: four loads, each of four columns, which lie as they are needed. Needs k and n to be multiples of 4.

// Column j of the result has columns column to column + 3 at i + j: zeros past the last i, the last columns again past
// them.
fn b_quad(start: u32, i: u32, column: u32) -> mat4x4f {
  if (i >= params.k) { return mat4x4f(); }
  let first = min(column, params.n - 4);
  return mat4x4f(
    load_b4(b_index(start, i, first)),
    load_b4(b_index(start, i + 1, first)),
    load_b4(b_index(start, i + 2, first)),
    load_b4(b_index(start, i + 3, first)),
  );
}
