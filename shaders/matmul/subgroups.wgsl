// with: lib/weight/f32, lib/bias/none, lib/products, lib/columns, matmul/store-row
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// As matmul/register, in the registers of one subgroup: all of its threads have the same rows, TILES times ROWS of
// them, and COLUMNS columns each. Of SUBGROUP vectors of every row each thread loads one, and they go round by
// shuffles; so x is loaded once for SUBGROUP · COLUMNS columns, and the weight, which may have to be unpacked, once for
// all rows. Tiles past the last row are left out. Loads of x stay a loop, whose length is unknown at compile time:
// unrolled for every row they would take most of the compile time. Sums are added up as in matmul/register, and are
// bitwise the same for every subgroup size. Needs k to be a multiple of 4. The weight may be a segment, rows `begin` to
// `begin + n` of `total`; y is whole. Requests (1 / (TILES · ROWS) + 1 / (SUBGROUP · COLUMNS)) · k reads for each
// output. Choose it for more than 8 rows, where subgroups all have one size and a shuffle costs less than a load.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROWS: u32 = 8;      // of a tile
const TILES: u32 = 8;     // one below the other
const COLUMNS: u32 = 4;   // of a thread
const_assert COLUMNS == 4;  // a vector holds the sums of a row

const STEP = SUBGROUP;  // from a column of a thread to its next

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = workgroup.y * TILES * ROWS;
  let first_column = workgroup.x * SUBGROUP * COLUMNS + thread;
  let columns = min(first_column + STEP * vec4u(0, 1, 2, 3), vec4u(params.n - 1));
  let rows = min(ROWS * TILES, params.rows - first_row);
  let tiles = (rows + ROWS - 1) / ROWS;
  let vectors = params.k / 4;

  var sums: array<array<vec4f, ROWS>, TILES>;
  var own: array<array<vec4f, ROWS>, TILES>;
  for (var first = 0u; first < vectors; first += SUBGROUP) {
    let own_vector = min(first + thread, vectors - 1);
    for (var r = 0u; r < rows; r++) { own[r / ROWS][r % ROWS] = x[(first_row + r) * vectors + own_vector]; }
    for (var i = first; i < min(first + SUBGROUP, vectors); i++) {
      let w = load_columns(columns, i * 4);
      for (var t = 0u; t < TILES; t++) {
        if (t >= tiles) { break; }
        for (var r = 0u; r < ROWS; r++) {
          let v = subgroupShuffle(own[t][r], i - first);
          sums[t][r] = add_products(v, w[0], w[1], w[2], w[3], sums[t][r]);
        }
      }
    }
  }

  for (var t = 0u; t < TILES; t++) {
    for (var r = 0u; r < ROWS; r++) {
      let sum = sums[t][r];
      store_row(first_row + t * ROWS + r, first_column, array<f32, COLUMNS>(sum.x, sum.y, sum.z, sum.w));
    }
  }
}
