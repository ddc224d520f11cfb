// with: lib/numbers/exponential, lib/vector/four, lib/grid
// Gradient of elementwise/softcap:  dx = dy · (1 - tanh²(x / cap))
//
// One thread a Vector. With e = exp(-2 |x| / cap) it is 4e / (1 + e)², which keeps its digits where tanh is 1 in f32.
// Requests 2·n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // elements, counted in Vectors
  cap: f32,
}

@group(0) @binding(0) var<storage, read> x: array<Vector>;         // [n]
@group(0) @binding(1) var<storage, read> dy: array<Vector>;        // [n]
@group(0) @binding(2) var<storage, read_write> dx: array<Vector>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let e = exponential(-2.0 * abs(x[i] / params.cap));
  dx[i] = dy[i] * (4.0 * e / ((1.0 + e) * (1.0 + e)));
}
