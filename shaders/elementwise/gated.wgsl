// with: lib/activation/silu, lib/walk/flat, lib/vector/four, lib/grid
// A gated feed-forward layer between its projections:  y = f(gate) * up
//
// Parallelised as elementwise/map; gate and up may be the two halves of one tensor, which are strided views.
// Requests 2·n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // results, counted in Vectors
  d1: u32, d2: u32, d3: u32,
  gate: u32, gate0: u32, gate1: u32, gate2: u32, gate3: u32,  // first element and strides of gate
  up: u32, up0: u32, up1: u32, up2: u32, up3: u32,
}

@group(0) @binding(0) var<storage, read> gate: array<Vector>;
@group(0) @binding(1) var<storage, read> up: array<Vector>;
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let left = gate[element(i, params.gate, vec4u(params.gate0, params.gate1, params.gate2, params.gate3))];
  let right = up[element(i, params.up, vec4u(params.up0, params.up1, params.up2, params.up3))];
  y[i] = activation(left) * right;
}
