// with: gemm/a/f32
// Four rows of a at four values of i, of a matrix with any strides and of any size: one load for each element.

// Column j of the result has rows row to row + 3 at i + j: zeros past the last i, the last row again past the last row.
fn a_quad(start: u32, row: u32, i: u32) -> mat4x4f {
  var quad = mat4x4f();
  for (var j = 0u; j < 4; j++) {
    if (i + j >= params.k) { break; }
    var rows = vec4f();
    for (var r = 0u; r < 4; r++) { rows[r] = load_a(a_index(start, min(row + r, params.m - 1), i + j)); }
    quad[j] = rows;
  }
  return quad;
}
