// with: gemm/a/f32, gemm/b/f32, gemm/operands, gemm/store
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/tiled, but a thread computes ROWS outputs, one below the other: an element of b that it has read from
// workgroup memory stays in a register for ROWS products. So workgroup memory is read 1 + 1 / ROWS times for each
// product, not twice.
// Requests k / TILE_COLUMNS + k / TILE_ROWS reads from memory for each output.

const ROWS: u32 = 8;  // of a thread
const TILE_ROWS: u32 = 32;
const TILE_COLUMNS: u32 = 64;
const DEPTH: u32 = 8;  // of i at a time
const WORKGROUP: u32 = TILE_COLUMNS * TILE_ROWS / ROWS;
const_assert TILE_ROWS % ROWS == 0;
const_assert WORKGROUP <= 256;  // threads that every device takes

var<workgroup> a_tile: array<array<f32, DEPTH>, TILE_ROWS>;     // [row, i]
var<workgroup> b_tile: array<array<f32, TILE_COLUMNS>, DEPTH>;  // [i, column]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let batch = workgroup.z;
  let first_row = workgroup.y * TILE_ROWS;
  let first_column = workgroup.x * TILE_COLUMNS;
  let own_row = thread / TILE_COLUMNS * ROWS;
  let own_column = thread % TILE_COLUMNS;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sums: array<f32, ROWS>;
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
      let b_value = b_tile[i][own_column];
      for (var r = 0u; r < ROWS; r++) { sums[r] = fma(a_tile[own_row + r][i], b_value, sums[r]); }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < ROWS; r++) { store(batch, first_row + own_row + r, first_column + own_column, sums[r]); }
}
