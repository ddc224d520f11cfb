// with: gemm/a-quads/any, gemm/b-quads/any, gemm/operands, gemm/store, lib/products
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// Register tiles of a whole subgroup, without workgroup memory and without barriers: all of its threads have the same
// rows, TILES times ROWS of them, and four columns each. Of SUBGROUP quads of every four rows each thread loads one, and
// they go round by shuffles; so a is loaded once for 4 · SUBGROUP columns, and b once for all rows. Tiles past the last
// row are left out.
// Requests k / (TILES · ROWS) reads of b and k / (4 · SUBGROUP) of a for each output. Choose it where subgroups all have
// one size and a shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;   // threads
const TILES: u32 = 1;      // one below the other
const ROW_QUADS: u32 = 4;  // of a tile
const ROWS: u32 = 4 * ROW_QUADS;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let batch = workgroup.z;
  let first_row = workgroup.y * TILES * ROWS;
  let first_column = (workgroup.x * SUBGROUP + thread) * 4;
  let tiles = (params.m - first_row + ROWS - 1) / ROWS;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sums: array<array<array<vec4f, 4>, ROW_QUADS>, TILES>;  // [tile, quad, row], four columns
  for (var first = 0u; first < params.k; first += 4 * SUBGROUP) {
    var own: array<array<mat4x4f, ROW_QUADS>, TILES>;
    for (var t = 0u; t < TILES; t++) {
      if (t >= tiles) { break; }
      for (var q = 0u; q < ROW_QUADS; q++) {
        own[t][q] = a_quad(a_first, first_row + t * ROWS + 4 * q, first + 4 * thread);
      }
    }
    for (var i = first; i < min(first + 4 * SUBGROUP, params.k); i += 4) {
      let source = (i - first) / 4;
      let b_values = b_quad(b_first, i, first_column);
      for (var t = 0u; t < TILES; t++) {
        if (t >= tiles) { break; }
        for (var q = 0u; q < ROW_QUADS; q++) {
          let rows = mat4x4f(  // as a_quad gives them
            subgroupShuffle(own[t][q][0], source),
            subgroupShuffle(own[t][q][1], source),
            subgroupShuffle(own[t][q][2], source),
            subgroupShuffle(own[t][q][3], source),
          );
          for (var r = 0u; r < 4; r++) {
            let row = vec4f(rows[0][r], rows[1][r], rows[2][r], rows[3][r]);
            sums[t][q][r] = add_products(row, b_values[0], b_values[1], b_values[2], b_values[3], sums[t][q][r]);
          }
        }
      }
    }
  }
  for (var t = 0u; t < TILES; t++) {
    if (t >= tiles) { break; }
    for (var q = 0u; q < ROW_QUADS; q++) {
      for (var r = 0u; r < 4; r++) {
        let sum = sums[t][q][r];
        let row = first_row + t * ROWS + 4 * q + r;
        for (var c = 0u; c < 4; c++) { store(batch, row, first_column + c, sum[c]); }
      }
    }
  }
}
