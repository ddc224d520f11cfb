// with: gemm/a-quads/any, gemm/b-quads/any, gemm/operands, gemm/store
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// Register tiles of a whole subgroup, without workgroup memory and without barriers: all of its threads have the same
// ROWS rows, and four columns each. Of SUBGROUP quads of every four rows each thread loads one, and they go round by
// shuffles; so a is loaded once for 4 · SUBGROUP columns.
// Requests k / ROWS reads of b and k / (4 · SUBGROUP) of a for each output. Choose it where subgroups all have one size
// and a shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROW_QUADS: u32 = 4;
const ROWS: u32 = 4 * ROW_QUADS;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let batch = workgroup.z;
  let first_row = workgroup.y * ROWS;
  let first_column = (workgroup.x * SUBGROUP + thread) * 4;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sums: array<vec4f, ROWS>;  // four columns
  for (var first = 0u; first < params.k; first += 4 * SUBGROUP) {
    var own: array<mat4x4f, ROW_QUADS>;
    for (var q = 0u; q < ROW_QUADS; q++) { own[q] = a_quad(a_first, first_row + 4 * q, first + 4 * thread); }
    for (var i = first; i < min(first + 4 * SUBGROUP, params.k); i += 4) {
      var b_values = b_quad(b_first, i, first_column);
      for (var q = 0u; q < ROW_QUADS; q++) {
        for (var j = 0u; j < 4; j++) {
          let rows = subgroupShuffle(own[q][j], (i - first) / 4);
          for (var r = 0u; r < 4; r++) { sums[4 * q + r] = fma(vec4f(rows[r]), b_values[j], sums[4 * q + r]); }
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < 4; c++) { store(batch, first_row + r, first_column + c, sums[r][c]); }
  }
}
