// with: elementwise/operation/add, lib/walk/strided, lib/vector/one, lib/grid
// One operation on the elements that meet:  y = a ∘ b, a and b broadcast to the shape of y
//
// One thread a Vector of results. Tensors of one shape without gaps are read four elements at a time (lib/walk/flat,
// lib/vector/four); everything else, repeated axes and strided views, element by element.
// Requests 2·n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // results, counted in Vectors
  d1: u32, d2: u32, d3: u32,
  a: u32, a0: u32, a1: u32, a2: u32, a3: u32,  // first element and strides of a
  b: u32, b0: u32, b1: u32, b2: u32, b3: u32,
}

@group(0) @binding(0) var<storage, read> a: array<Vector>;
@group(0) @binding(1) var<storage, read> b: array<Vector>;
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let left = a[element(i, params.a, vec4u(params.a0, params.a1, params.a2, params.a3))];
  let right = b[element(i, params.b, vec4u(params.b0, params.b1, params.b2, params.b3))];
  y[i] = operation(left, right);
}
