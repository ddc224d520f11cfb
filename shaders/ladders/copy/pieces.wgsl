// A copy, a piece for each thread:  y[i] = x[i]
//
// The first rung, as one would share the work among a few CPU threads: a thread copies PIECE elements, one after the
// other. At each step neighbouring threads are PIECE elements apart, so that each of them touches a sector of 32 bytes
// of its own, and uses 4 bytes of it. Requests one read and one write an element.

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
    let i = first + thread * PIECE + j;
    if (i < params.n) { y[i] = x[i]; }
  }
}
