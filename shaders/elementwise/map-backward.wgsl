// with: lib/derivative/silu, lib/walk/flat, lib/vector/four, lib/grid
// Gradient of elementwise/map:  dx = dy · f′(x)
//
// Parallelised as elementwise/map; x, dy and dx may be strided views. The derivative is a part.
// Requests 2·n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // results, counted in Vectors
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x
  dy: u32, dy0: u32, dy1: u32, dy2: u32, dy3: u32,
  dx: u32, dx0: u32, dx1: u32, dx2: u32, dx3: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Vector>;
@group(0) @binding(1) var<storage, read> dy: array<Vector>;
@group(0) @binding(2) var<storage, read_write> dx: array<Vector>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let value = x[element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3))];
  let gradient = dy[element(i, params.dy, vec4u(params.dy0, params.dy1, params.dy2, params.dy3))];
  dx[element(i, params.dx, vec4u(params.dx0, params.dx1, params.dx2, params.dx3))] = gradient * derivative(value);
}
