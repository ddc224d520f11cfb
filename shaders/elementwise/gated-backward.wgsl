// with: elementwise/gradients/separate, lib/activation/silu, lib/derivative/silu, lib/walk/flat, lib/vector/four
// with: lib/grid
// Gradients of elementwise/gated:  dgate = dy · up · f′(gate), dup = dy · f(gate)
//
// Parallelised as elementwise/gated; all five may be strided views, gate and up of one tensor, and their gradients of
// another. Requests 3·n reads and 2·n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // elements, counted in Vectors
  d1: u32, d2: u32, d3: u32,
  gate: u32, gate0: u32, gate1: u32, gate2: u32, gate3: u32,  // first element and strides of gate
  up: u32, up0: u32, up1: u32, up2: u32, up3: u32,
  dy: u32, dy0: u32, dy1: u32, dy2: u32, dy3: u32,
  dgate: u32, dgate0: u32, dgate1: u32, dgate2: u32, dgate3: u32,
  dup: u32, dup0: u32, dup1: u32, dup2: u32, dup3: u32,
}

@group(0) @binding(0) var<storage, read> gate: array<Vector>;
@group(0) @binding(1) var<storage, read> up: array<Vector>;
@group(0) @binding(2) var<storage, read> dy: array<Vector>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let left = gate[element(i, params.gate, vec4u(params.gate0, params.gate1, params.gate2, params.gate3))];
  let right = up[element(i, params.up, vec4u(params.up0, params.up1, params.up2, params.up3))];
  let gradient = dy[element(i, params.dy, vec4u(params.dy0, params.dy1, params.dy2, params.dy3))];
  let gate_at = element(i, params.dgate, vec4u(params.dgate0, params.dgate1, params.dgate2, params.dgate3));
  let up_at = element(i, params.dup, vec4u(params.dup0, params.dup1, params.dup2, params.dup3));
  store_gradients(gate_at, gradient * right * derivative(left), up_at, gradient * activation(left));
}
