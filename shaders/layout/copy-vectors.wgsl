// with: lib/walk/strided, lib/grid
// Copies a view of any type into part of a tensor:  y[begin + row · pitch + j] = x[row · run + j],  j < run
//
// As layout/copy, one thread four words, which hold four or eight elements. Requests n reads and n writes of words.
// Choose it where runs, their distance and the neighbours in x are whole vectors.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,                            // in vectors, as all that follows
  run: u32, pitch: u32, begin: u32,
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let at = element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3));
  y[params.begin + i / params.run * params.pitch + i % params.run] = x[at];
}
