// with: lib/grid
// Memory as fast as it is copied:  y[i] = x[i]
//
// A thread copies four vectors of 16 bytes, neighbours next to each other. Requests n reads and n writes of 16 bytes.

const WORKGROUP: u32 = 64;
const RUN: u32 = 4;  // vectors of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4u>;        // [n, 4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;  // [n, 4]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * WORKGROUP * RUN + thread;
  for (var j = 0u; j < RUN; j++) {
    let i = first + j * WORKGROUP;
    if (i < params.n) { y[i] = x[i]; }
  }
}
