// A copy by neighbours:  y[i] = x[i]
//
// As ladders/copy/pieces, but at each step neighbouring threads copy neighbouring elements: a subgroup of 32 touches 4
// sectors of 32 bytes, and uses all of them. Only the index differs. Requests one read and one write an element.

const WORKGROUP: u32 = 64;
const PIECE: u32 = 32;  // elements of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = workgroup.x * WORKGROUP * PIECE;
  for (var j = 0u; j < PIECE; j++) {
    let i = first + j * WORKGROUP + thread;
    if (i < params.n) { y[i] = x[i]; }
  }
}
