// A copy by neighbours, four elements at a time:  y[i] = x[i]
//
// As ladders/copy/neighbours, with a fourth of the loads and stores: the bytes are the same, and so are the sectors
// that they lie in. Needs n to be a multiple of 4. Requests one read and one write an element.

const WORKGROUP: u32 = 64;
const PIECE: u32 = 8;  // vectors of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [n / 4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;  // [n / 4]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = workgroup.x * WORKGROUP * PIECE;
  for (var j = 0u; j < PIECE; j++) {
    let i = first + j * WORKGROUP + thread;
    if (i < params.n / 4) { y[i] = x[i]; }
  }
}
