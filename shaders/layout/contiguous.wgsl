// with: lib/walk/strided, lib/vector/one, lib/grid
// The elements of a view in memory without gaps:  y = x
//
// One thread a Vector of results, in the order of the results, so that the writes are contiguous and the reads go where
// the strides send them. Requests n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,  // results, counted in Vectors
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x
}

@group(0) @binding(0) var<storage, read> x: array<Vector>;
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  y[i] = x[element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3))];
}
