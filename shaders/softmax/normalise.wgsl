// with: lib/numbers/exponential, lib/vector/one, lib/grid
// The last of three softmax passes:  y = exp(x - largest[row]) / sum[row]
//
// One thread an element. Requests 3·rows·cols reads and rows·cols writes.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> largest: array<f32>;  // [rows]
@group(0) @binding(2) var<storage, read> sum: array<f32>;      // [rows]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.rows * params.cols) { return; }
  let row = i / params.cols;
  let total = sum[row];
  let scale = select(1.0 / total, 0.0, total == 0.0);  // a row of -infinity is all zeros
  y[i] = exponential(x[i] - largest[row]) * scale;
}
