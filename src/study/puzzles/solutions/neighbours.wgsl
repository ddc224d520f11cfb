// Halves, 16 elements a thread:  y[i] = x[i] / 2

const WORKGROUP: u32 = 32;
const PIECE: u32 = 16;  // elements of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = workgroup.x * WORKGROUP * PIECE + thread;
  for (var j = 0u; j < PIECE; j++) {
    let i = first + j * WORKGROUP;
    if (i < params.n) { y[i] = 0.5 * x[i]; }
  }
}
