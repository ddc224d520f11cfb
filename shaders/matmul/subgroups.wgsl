// with: lib/weight/f32, lib/bias/none, lib/products, matmul/store-tile
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// As matmul/register, in the registers of one subgroup: all of its threads have the same ROWS rows, and COLUMNS columns
// each. Of SUBGROUP vectors of every row each thread loads one, and they go round by shuffles; so x is loaded once for
// SUBGROUP · COLUMNS columns. Sums are added up as in matmul/register, and have its bits whatever the size of a subgroup.
// Needs k to be a multiple of 4. The weight may be a segment, rows `begin` to `begin + n` of `total`; y is whole.
// Requests (1 / ROWS + 1 / (SUBGROUP · COLUMNS)) · k reads for each output. Choose it for more than 8 rows, where
// subgroups all have one size and a shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROWS: u32 = 16;     // 8 for few rows
const COLUMNS: u32 = 4;   // of a thread

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// For lib/weight, which holds binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = workgroup.y * ROWS;
  let first_column = (workgroup.x * SUBGROUP + thread) * COLUMNS;
  let vectors = params.k / 4;
  var x_row: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { x_row[r] = min(first_row + r, params.rows - 1) * vectors; }

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var first = 0u; first < vectors; first += SUBGROUP) {
    var own: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { own[r] = x[x_row[r] + min(first + thread, vectors - 1)]; }
    for (var i = first; i < min(first + SUBGROUP, vectors); i++) {
      var w: array<vec4f, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) { w[c] = load_weight4(min(first_column + c, params.n - 1), i * 4); }
      for (var r = 0u; r < ROWS; r++) {
        let v = subgroupShuffle(own[r], i - first);
        for (var c = 0u; c < COLUMNS; c++) {
          sums[r][c] = add_dot(v, w[c], sums[r][c]);
        }
      }
    }
  }

  store_tile(first_row, first_column, sums);
}
