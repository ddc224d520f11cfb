// with: lib/weight/f32, lib/bias/none, lib/products, matmul/store-row
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// A thread computes ROWS × COLUMNS outputs in registers. Its workgroup stages, that is, copies to workgroup memory,
// DEPTH vectors of four values of i of each of its rows and columns at a time: neighbouring threads load neighbouring
// vectors, and a weight is unpacked once for all rows of the workgroup. From there a thread loads a vector of each of
// its rows and columns, and reuses each vector of x COLUMNS times and each of the weight ROWS times. Requires k to be a
// multiple of 4. The weight may be one segment of a larger matrix, rows `begin` to `begin + n` of `total`; y has all
// columns. Requests (1 / TILE_ROWS + 1 / TILE_COLUMNS) · k reads for each output. Choose it for more than 8 rows.

const ROWS: u32 = 4;            // of the result that a thread computes
const COLUMNS: u32 = 8;         // of the result that a thread computes
const COLUMN_THREADS: u32 = 8;  // of a workgroup, side by side along the columns
const ROW_THREADS: u32 = 8;     // of a workgroup, one below the other along the rows
const DEPTH: u32 = 8;           // vectors that are staged at a time

const THREADS = COLUMN_THREADS * ROW_THREADS;
const TILE_ROWS = ROWS * ROW_THREADS;
const TILE_COLUMNS = COLUMNS * COLUMN_THREADS;
const STEP = COLUMN_THREADS;  // from a column of a thread to its next
const PITCH = DEPTH + 1;      // of a tile: one more, so that threads, which read different rows, read different banks
const_assert THREADS % DEPTH == 0;

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> x_tile: array<vec4f, TILE_ROWS * PITCH>;          // [row][vector]
var<workgroup> weight_tile: array<vec4f, TILE_COLUMNS * PITCH>;  // [column][vector]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u,
        @builtin(local_invocation_index) index: u32) {
  let first_row = workgroup.y * TILE_ROWS;
  let first_column = workgroup.x * TILE_COLUMNS;
  let own_row = thread.y * ROWS;  // in the tile, as is its column, thread.x
  let has_outputs = first_row + own_row < params.rows && first_column + thread.x < params.n;
  let vectors = params.k / 4;

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var first = 0u; first < vectors; first += DEPTH) {
    workgroupBarrier();  // the tiles have been read
    stage(first_row, first_column, first, index);
    workgroupBarrier();
    let depth = select(0u, min(DEPTH, vectors - first), has_outputs);
    for (var i = 0u; i < depth; i++) {
      var w: array<vec4f, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) { w[c] = weight_tile[(thread.x + c * STEP) * PITCH + i]; }
      for (var r = 0u; r < ROWS; r++) {
        let v = x_tile[(own_row + r) * PITCH + i];
        for (var c = 0u; c < COLUMNS; c++) {
          sums[r][c] = add_dot(v, w[c], sums[r][c]);
        }
      }
    }
  }

  for (var r = 0u; r < ROWS; r++) { store_row(first_row + own_row + r, first_column + thread.x, sums[r]); }
}

// Vectors `first` to `first + DEPTH` of the rows of both tiles. What lies past the edges is left as it is: it only
// enters what is not stored.
fn stage(first_row: u32, first_column: u32, first: u32, index: u32) {
  let i = first + index % DEPTH;
  if (i >= params.k / 4) { return; }
  for (var row = index / DEPTH; row < TILE_ROWS; row += THREADS / DEPTH) {
    if (first_row + row < params.rows) {
      x_tile[row * PITCH + index % DEPTH] = x[(first_row + row) * (params.k / 4) + i];
    }
  }
  for (var column = index / DEPTH; column < TILE_COLUMNS; column += THREADS / DEPTH) {
    if (first_column + column < params.n) {
      weight_tile[column * PITCH + index % DEPTH] = load_weight4(first_column + column, i * 4);
    }
  }
}
