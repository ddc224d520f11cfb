// with: gemm/a-vectors/f32
// Four rows of a at four values of i, where neighbours along i are neighbours in memory, as in A·B and A·Bᵀ: four
// loads, each of a row, and the quad is transposed in registers. Needs k to be a multiple of 4.

// Column j of the result has rows row to row + 3 at i + j: zeros past the last i, the last row again past the last row.
fn a_quad(start: u32, row: u32, i: u32) -> mat4x4f {
  if (i >= params.k) { return mat4x4f(); }
  let last = params.m - 1;
  return transpose(mat4x4f(
    load_a4(a_index(start, min(row, last), i)),
    load_a4(a_index(start, min(row + 1, last), i)),
    load_a4(a_index(start, min(row + 2, last), i)),
    load_a4(a_index(start, min(row + 3, last), i)),
  ));
}
