// with: lib/packed/codes, lib/dot4/plain, lib/bias/none
// Linear layer of bytes:  y[row, column] = Σ scale · weight_scale · (Σ code · weight code) + bias[column]
//
// The weight is ggml's Q8_0, x was quantised by matmul/int8/quantise: both are blocks of 32 bytes with a scale. Within
// a block products and sums are integers, which are exact: 32 · 127 · 128 is far below 2³¹. Four of them are one dot
// product of two words. A thread computes ROWS × COLUMNS outputs, so that a loaded word serves as many. Past the edges
// a thread loads the last row or column again and stores nothing.
// Requests k / ROWS bytes of the weight and k / COLUMNS of x for each output, and a scale for every 32.

const ROWS: u32 = 4;            // of the result that a thread computes
const COLUMNS: u32 = 4;         // of the result that a thread computes
const COLUMN_THREADS: u32 = 8;
const ROW_THREADS: u32 = 8;

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> codes: array<u32>;           // [rows, k / 4]
@group(0) @binding(1) var<storage, read> scales: array<f32>;          // [rows, k / 32]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;         // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> weight: array<u32>;          // [n, k / 4]
@group(0) @binding(6) var<storage, read> weight_scales: array<u32>;   // [n, k / 32], two to a u32

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let first_row = thread.y * ROWS;
  let first_column = thread.x * COLUMNS;
  if (first_row >= params.rows || first_column >= params.n) { return; }
  let blocks = params.k / 32;
  var row_block: array<u32, ROWS>;
  var column_block: array<u32, COLUMNS>;
  for (var r = 0u; r < ROWS; r++) { row_block[r] = min(first_row + r, params.rows - 1) * blocks; }
  for (var c = 0u; c < COLUMNS; c++) { column_block[c] = min(first_column + c, params.n - 1) * blocks; }

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var block = 0u; block < blocks; block++) {
    var dots = array<array<i32, COLUMNS>, ROWS>();  // without the zeros some drivers keep the previous iteration's
    for (var i = 0u; i < 8; i++) {
      var words: array<u32, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) { words[c] = weight[(column_block[c] + block) * 8 + i]; }
      for (var r = 0u; r < ROWS; r++) {
        let word = codes[(row_block[r] + block) * 8 + i];
        for (var c = 0u; c < COLUMNS; c++) { dots[r][c] += dot_bytes(word, words[c]); }
      }
    }
    for (var c = 0u; c < COLUMNS; c++) {
      let scale = half_of(weight_scales[(column_block[c] + block) / 2], column_block[c] + block);
      for (var r = 0u; r < ROWS; r++) {
        sums[r][c] = fma(f32(dots[r][c]) * scale, scales[row_block[r] + block], sums[r][c]);
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      let row = first_row + r;
      let column = first_column + c;
      if (row < params.rows && column < params.n) {
        y[row * params.total + params.begin + column] = sums[r][c] + bias_at(params.begin + column);
      }
    }
  }
}
