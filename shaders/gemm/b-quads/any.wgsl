// with: gemm/b/f32
// Four columns of b at four values of i, of a matrix with any strides and of any size: one load for each element.

// Column j of the result has columns column to column + 3 at i + j: zeros past the last i, the last column again past
// it.
fn b_quad(start: u32, i: u32, column: u32) -> mat4x4f {
  var quad = mat4x4f();
  for (var j = 0u; j < 4; j++) {
    if (i + j >= params.k) { break; }
    var columns = vec4f();
    for (var c = 0u; c < 4; c++) { columns[c] = load_b(b_index(start, i + j, min(column + c, params.n - 1))); }
    quad[j] = columns;
  }
  return quad;
}
