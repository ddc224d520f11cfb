// with: lib/weight/f32, moe/bias/none, moe/block-row, moe/result, lib/no-index, lib/products
// Products of all experts at once:  z[row, column] = Σ x[row, i] · weight[expert, column, i] + bias[expert, column]
//
// Rows are grouped by experts, each with a weight of its own. As matmul/register, a thread computes ROWS × COLUMNS
// outputs in registers. Rows lie in blocks, all of one block with one expert; threads whose rows are padding leave, as
// do blocks past the last where the grid is a bound. Needs k and n to be multiples of 4. The weight may be a segment,
// rows `begin` to `end` of those of all experts, one expert after the other: an expert may lie in several.
// Requests (1 / ROWS + 1 / COLUMNS) · k reads for each output. Choose it for more than a few tokens.

const ROWS: u32 = 4;            // of the result that a thread computes
const COLUMNS: u32 = 8;         // of the result that a thread computes
const COLUMN_THREADS: u32 = 8;  // of a workgroup, side by side along the columns
const ROW_THREADS: u32 = 8;     // of a workgroup, one below the other along the rows
const GRID: u32 = 0;            // which of the grids is this product's
const_assert COLUMNS % 4 == 0;

const BLOCK = ROWS * ROW_THREADS;  // rows of a workgroup

struct Params { k: u32, n: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;            // [rows, k / 4]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;        // [blocks · BLOCK, n], or half as many columns
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> slots: array<u32>;          // [blocks · BLOCK], see moe/align/plan
@group(0) @binding(6) var<storage, read> block_experts: array<u32>;  // [blocks]
@group(0) @binding(7) var<storage, read> grids: array<u32>;          // [2, 4]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let block = workgroup.y;
  if (block >= grids[4 * GRID + 3]) { return; }
  let first_row = block * BLOCK + thread.y * ROWS;
  if (slots[first_row] == NO_INDEX) { return; }  // padding comes last
  let expert = block_experts[block];
  let first_column = (workgroup.x * COLUMN_THREADS + thread.x) * COLUMNS;
  let weight_row = expert * params.n + first_column;
  if (first_column >= params.n || weight_row >= params.end || weight_row + COLUMNS <= params.begin) { return; }

  let vectors = params.k / 4;
  var x_row: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    let slot = slots[first_row + r];
    x_row[r] = row_of(select(slot, slots[first_row], slot == NO_INDEX), first_row + r) * vectors;
  }
  var w_row: array<u32, COLUMNS>;  // in the segment; past its edges, and those of the expert, the nearest
  for (var c = 0u; c < COLUMNS; c++) {
    w_row[c] = clamp(min(weight_row + c, (expert + 1) * params.n - 1), params.begin, params.end - 1) - params.begin;
  }

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var i = 0u; i < vectors; i++) {
    var w: array<vec4f, COLUMNS>;
    for (var c = 0u; c < COLUMNS; c++) { w[c] = load_weight4(w_row[c], i * 4); }
    for (var r = 0u; r < ROWS; r++) {
      let v = x[x_row[r] + i];
      for (var c = 0u; c < COLUMNS; c++) {
        sums[r][c] = add_dot(v, w[c], sums[r][c]);
      }
    }
  }

  for (var c = 0u; c < COLUMNS; c += 4) {
    let column = first_column + c;
    let own = expert * params.n + column;
    if (column >= params.n || own < params.begin || own >= params.end) { continue; }
    let bias = bias4(own);
    for (var r = 0u; r < ROWS; r++) {
      if (slots[first_row + r] == NO_INDEX) { continue; }
      store4(first_row + r, column, vec4f(sums[r][c], sums[r][c + 1], sums[r][c + 2], sums[r][c + 3]) + bias);
    }
  }
}
