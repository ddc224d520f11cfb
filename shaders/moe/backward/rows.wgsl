// with: lib/weight/f32, moe/block-row, lib/no-index
// Gradients of what experts multiplied:  z[row, column] = Σ x[row, i] · weight[expert, i, column]
//
// As moe/grouped, with the weight not transposed: a thread computes ROWS × COLUMNS outputs in registers, and
// neighbouring threads read neighbouring columns of the same rows of the weight. Blocks past the last return, as do
// threads whose rows are padding. The weight may be a segment, rows `begin` to `end` of those of all experts: sums
// continue in z from those of the segments before it. Needs n and k, and where a weight is cut, to be multiples of 4.
// Requests (1 / ROWS + 1 / COLUMNS) · n reads for each output. Choose it for more than a few tokens.

const ROWS: u32 = 4;            // of the result that a thread computes
const COLUMNS: u32 = 8;         // of the result that a thread computes
const COLUMN_THREADS: u32 = 8;  // of a workgroup, side by side along the columns
const ROW_THREADS: u32 = 8;     // of a workgroup, one below the other along the rows
const VECTORS = COLUMNS / 4;
const_assert COLUMNS % 4 == 0;

const BLOCK = ROWS * ROW_THREADS;  // rows of a workgroup

struct Params { rows: u32, n: u32, k: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;            // [rows, n / 4]
@group(0) @binding(2) var<storage, read_write> z: array<vec4f>;      // [rows, k / 4]
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> slots: array<u32>;          // [rows], see moe/align/plan
@group(0) @binding(6) var<storage, read> block_experts: array<u32>;  // [rows / BLOCK]
@group(0) @binding(7) var<storage, read> grids: array<u32>;          // [2, 4]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let block = workgroup.y;
  if (block >= grids[3]) { return; }
  let first_row = block * BLOCK + thread.y * ROWS;
  if (slots[first_row] == NO_INDEX) { return; }  // padding comes last
  let first_column = 4 * (workgroup.x * COLUMN_THREADS * VECTORS + thread.x);  // of each COLUMN_THREADS-th vector
  if (first_column >= params.k) { return; }

  let vectors = params.n / 4;
  var x_row: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    let slot = slots[first_row + r];
    x_row[r] = row_of(select(slot, slots[first_row], slot == NO_INDEX), first_row + r) * vectors;
  }
  let w_row = block_experts[block] * params.n;
  let first = max(w_row, params.begin);  // of the expert's rows in the segment
  let end = min(w_row + params.n, params.end);
  if (first >= end) { return; }
  var columns: array<u32, VECTORS>;  // past the edge the last
  for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + 4 * COLUMN_THREADS * c, params.k - 4); }

  var sums: array<array<vec4f, VECTORS>, ROWS>;
  if (first > w_row) {
    for (var r = 0u; r < ROWS; r++) {
      for (var c = 0u; c < VECTORS; c++) { sums[r][c] = z[((first_row + r) * params.k + columns[c]) / 4]; }
    }
  }
  for (var i = (first - w_row) / 4; i < (end - w_row) / 4; i++) {
    var values: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { values[r] = x[x_row[r] + i]; }
    for (var part = 0u; part < 4; part++) {
      for (var c = 0u; c < VECTORS; c++) {
        let w = load_weight4(w_row + 4 * i + part - params.begin, columns[c]);
        for (var r = 0u; r < ROWS; r++) { sums[r][c] = fma(vec4f(values[r][part]), w, sums[r][c]); }
      }
    }
  }

  for (var r = 0u; r < ROWS; r++) {
    if (slots[first_row + r] == NO_INDEX) { continue; }
    for (var c = 0u; c < VECTORS; c++) {
      let column = first_column + 4 * COLUMN_THREADS * c;
      if (column < params.k) { z[((first_row + r) * params.k + column) / 4] = sums[r][c]; }
    }
  }
}
