// with: lib/activation/silu, lib/walk/flat, lib/vector/four, lib/grid
// One function of every element:  y = f(x)
//
// One thread a Vector of results. A strided view (one whose rows have gaps or whose axes are swapped, as in a
// transposed matrix) is read element by element (lib/walk/strided, lib/vector/one). The function is a part: an
// activation, which networks apply between linear layers, or the exponential. Requests n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // results, counted in Vectors
  d1: u32, d2: u32, d3: u32,  // lengths of the last three axes, for lib/walk/strided
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x: steps in memory along each axis
}

@group(0) @binding(0) var<storage, read> x: array<Vector>;
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  y[i] = activation(x[element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3))]);
}
