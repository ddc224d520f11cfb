// with: gemm/a-vectors/f32
// Four rows of a at four values of i, where neighbours along the rows are neighbours in memory, as in Aᵀ·B: four loads,
// each of four rows, which lie as they are needed. Needs k and m to be multiples of 4.

// Column j of the result has rows row to row + 3 at i + j: zeros past the last i, the last rows again past the last.
fn a_quad(start: u32, row: u32, i: u32) -> mat4x4f {
  if (i >= params.k) { return mat4x4f(); }
  let first = min(row, params.m - 4);
  return mat4x4f(
    load_a4(a_index(start, first, i)),
    load_a4(a_index(start, first, i + 1)),
    load_a4(a_index(start, first, i + 2)),
    load_a4(a_index(start, first, i + 3)),
  );
}
