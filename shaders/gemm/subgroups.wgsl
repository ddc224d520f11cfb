// with: gemm/a-quads/any, gemm/b-quads/any, gemm/operands, gemm/stores/elements, lib/products
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// Register tiles of a whole subgroup, without workgroup memory and without barriers: all of its threads have the same
// ROWS rows, and four columns each. Of SUBGROUP quads of every four rows each thread loads one, and they go round by
// shuffles; so a is loaded once for 4 · SUBGROUP columns, and b once for all rows.
// The loop of these loads ends with the last row. Since its length is unknown at compile time, it stays a loop:
// unrolled ROW_QUADS times, it takes most of the compile time (on llvmpipe 6 of 7 seconds for 16 quads). Requests k /
// ROWS reads of b and k / (4 · SUBGROUP) of a for each output. Choose it where subgroups all have one size and a
// shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROW_QUADS: u32 = 4;
const ROWS: u32 = 4 * ROW_QUADS;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let batch = workgroup.z;
  let first_row = workgroup.y * ROWS;
  let first_column = (workgroup.x * SUBGROUP + thread) * 4;
  let quads = (min(ROWS, params.m - first_row) + 3) / 4;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sums: array<array<vec4f, 4>, ROW_QUADS>;  // [quad, row], four columns
  var own: array<mat4x4f, ROW_QUADS>;
  for (var first = 0u; first < params.k; first += 4 * SUBGROUP) {
    for (var q = 0u; q < quads; q++) { own[q] = a_quad(a_first, first_row + 4 * q, first + 4 * thread); }
    for (var i = first; i < min(first + 4 * SUBGROUP, params.k); i += 4) {
      let source = (i - first) / 4;
      let b_values = b_quad(b_first, i, first_column);
      for (var q = 0u; q < ROW_QUADS; q++) {
        let rows = mat4x4f(  // as a_quad returns them
          subgroupShuffle(own[q][0], source),
          subgroupShuffle(own[q][1], source),
          subgroupShuffle(own[q][2], source),
          subgroupShuffle(own[q][3], source),
        );
        for (var r = 0u; r < 4; r++) {
          let row = vec4f(rows[0][r], rows[1][r], rows[2][r], rows[3][r]);
          sums[q][r] = add_products(row, b_values[0], b_values[1], b_values[2], b_values[3], sums[q][r]);
        }
      }
    }
  }
  for (var q = 0u; q < ROW_QUADS; q++) {
    for (var r = 0u; r < 4; r++) { store4(batch, first_row + 4 * q + r, first_column, sums[q][r]); }
  }
}
