// with: lib/grid, lib/numbers/lowest-float
// The first of three softmax passes:  largest[row] = max over the row of x
//
// Softmax subtracts the maximum, so that no exponential overflows. One thread a row, which walks it element by element:
// neighbouring threads read elements a whole row from one another. Requests rows·cols reads and rows writes. One of the
// three kernels of the variant threePass.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [rows, cols]
@group(0) @binding(1) var<storage, read_write> largest: array<f32>;  // [rows]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  var value = LOWEST_FLOAT;
  for (var col = 0u; col < params.cols; col++) {
    value = max(value, x[row * params.cols + col]);
  }
  largest[row] = value;
}
