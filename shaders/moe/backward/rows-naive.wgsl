// with: lib/weight/f32, moe/block-row, lib/no-index, lib/grid
// Gradients of what experts multiplied:  z[row, column] = Σ x[row, i] · weight[expert, i, column]
//
// The grouped product with the weight not transposed, rows in blocks of one expert each as moe/align has them. One
// thread an output. Rows of padding are not written. The weight may be a segment, as for moe/backward/rows. Requests 2
// · n reads for each output. Choose it to see the definition.

const BLOCK: u32 = 32;  // rows of one expert
const WORKGROUP: u32 = 64;

struct Params { rows: u32, n: u32, k: u32, choices: u32, begin: u32, end: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [rows, n]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;        // [rows, k]
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read> slots: array<u32>;          // [rows], see moe/align/plan
@group(0) @binding(6) var<storage, read> block_experts: array<u32>;  // [rows / BLOCK]
@group(0) @binding(7) var<storage, read> grids: array<u32>;          // [2, 4]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  let row = output / params.k;
  if (row >= params.rows || row / BLOCK >= grids[3]) { return; }
  let slot = slots[row];
  if (slot == NO_INDEX) { return; }
  let column = output % params.k;
  let x_row = row_of(slot, row) * params.n;
  let w_row = block_experts[row / BLOCK] * params.n;
  let first = max(w_row, params.begin);  // of the expert's rows in the segment
  let end = min(w_row + params.n, params.end);
  if (first >= end) { return; }
  var sum = 0.0;
  if (first > w_row) { sum = z[output]; }
  for (var i = first; i < end; i++) { sum += x[x_row + i - w_row] * load_weight(i - params.begin, column); }
  z[output] = sum;
}
