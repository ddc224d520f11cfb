// with: lib/grid
// Squared ReLU:  y = max(x, 0)²
// One thread an element.
const WORKGROUP: u32 = 64;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let positive = max(x[i], 0.0);
  y[i] = positive * positive;
}
