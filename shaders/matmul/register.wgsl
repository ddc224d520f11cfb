// with: lib/weight/f32, lib/bias/none, lib/products, matmul/store-row
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// A thread computes ROWS × COLUMNS outputs in registers: for every four values of i it loads a vector of each of its
// rows and columns, and reuses each vector of x COLUMNS times and each of the weight ROWS times. No workgroup memory
// and no barriers: threads of a workgroup share rows and columns through the GPU's cache. Past the edges a thread loads
// the last row or column again and stores nothing. Requires k to be a multiple of 4. The weight may be one segment of a
// larger matrix, rows `begin` to `begin + n` of `total`; y has all columns. Requests (1 / ROWS + 1 / COLUMNS) · k reads
// for each output. Choose it for more than 8 rows.

const ROWS: u32 = 4;            // of the result that a thread computes
const COLUMNS: u32 = 8;         // of the result that a thread computes
const COLUMN_THREADS: u32 = 8;  // of a workgroup, side by side along the columns
const ROW_THREADS: u32 = 8;     // of a workgroup, one below the other along the rows

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let first_row = thread.y * ROWS;
  let first_column = thread.x * COLUMNS;
  if (first_row >= params.rows || first_column >= params.n) { return; }
  let vectors = params.k / 4;
  var x_row: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    x_row[r] = min(first_row + r, params.rows - 1) * vectors;
  }

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var i = 0u; i < vectors; i++) {
    var w: array<vec4f, COLUMNS>;
    for (var c = 0u; c < COLUMNS; c++) {
      w[c] = load_weight4(min(first_column + c, params.n - 1), i * 4);
    }
    for (var r = 0u; r < ROWS; r++) {
      let v = x[x_row[r] + i];
      for (var c = 0u; c < COLUMNS; c++) {
        sums[r][c] = add_dot(v, w[c], sums[r][c]);
      }
    }
  }

  for (var r = 0u; r < ROWS; r++) { store_row(first_row + r, first_column, sums[r]); }
}
