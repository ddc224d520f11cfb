// with: gemm/a/f32, gemm/b/f32, gemm/operands, gemm/store
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/registers-1d, but a thread computes ROWS × COLUMNS outputs: ROWS elements of a and COLUMNS of b, once in
// registers, give ROWS · COLUMNS products. So workgroup memory is read 1 / ROWS + 1 / COLUMNS times for each product. A
// thread's columns are not neighbours but COLUMN_THREADS apart: so neighbouring threads read and store neighbouring
// elements.
// Requests k / TILE_COLUMNS + k / TILE_ROWS reads from memory for each output.

const ROWS: u32 = 8;     // of a thread
const COLUMNS: u32 = 8;  // of a thread
const ROW_THREADS: u32 = 8;
const COLUMN_THREADS: u32 = 8;
const DEPTH: u32 = 8;  // of i at a time
const TILE_ROWS: u32 = ROWS * ROW_THREADS;
const TILE_COLUMNS: u32 = COLUMNS * COLUMN_THREADS;
const WORKGROUP: u32 = ROW_THREADS * COLUMN_THREADS;

var<workgroup> a_tile: array<array<f32, DEPTH>, TILE_ROWS>;     // [row, i]
var<workgroup> b_tile: array<array<f32, TILE_COLUMNS>, DEPTH>;  // [i, column]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let batch = workgroup.z;
  let first_row = workgroup.y * TILE_ROWS;
  let first_column = workgroup.x * TILE_COLUMNS;
  let own_row = thread / COLUMN_THREADS * ROWS;
  let own_column = thread % COLUMN_THREADS;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var first = 0u; first < params.k; first += DEPTH) {
    for (var t = thread; t < TILE_ROWS * DEPTH; t += WORKGROUP) {
      let row = first_row + t / DEPTH;
      let i = first + t % DEPTH;
      var value = 0.0;
      if (row < params.m && i < params.k) { value = load_a(a_index(a_first, row, i)); }
      a_tile[t / DEPTH][t % DEPTH] = value;
    }
    for (var t = thread; t < DEPTH * TILE_COLUMNS; t += WORKGROUP) {
      let i = first + t / TILE_COLUMNS;
      let column = first_column + t % TILE_COLUMNS;
      var value = 0.0;
      if (i < params.k && column < params.n) { value = load_b(b_index(b_first, i, column)); }
      b_tile[t / TILE_COLUMNS][t % TILE_COLUMNS] = value;
    }
    workgroupBarrier();
    for (var i = 0u; i < DEPTH; i++) {
      var b_values: array<f32, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) { b_values[c] = b_tile[i][own_column + c * COLUMN_THREADS]; }
      for (var r = 0u; r < ROWS; r++) {
        let a_value = a_tile[own_row + r][i];
        for (var c = 0u; c < COLUMNS; c++) { sums[r][c] = fma(a_value, b_values[c], sums[r][c]); }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      store(batch, first_row + own_row + r, first_column + own_column + c * COLUMN_THREADS, sums[r][c]);
    }
  }
}
