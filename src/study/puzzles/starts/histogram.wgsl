// A histogram of numbers from 0 to 1:  counts[b] = how many x[i] have floor(16 x[i]) = b

const WORKGROUP: u32 = 64;
const PIECE: u32 = 16;  // elements of a thread
const BINS: u32 = 16;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [n]
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;  // [BINS], zeros at first
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  for (var j = 0u; j < PIECE; j++) {
    let i = (workgroup.x * PIECE + j) * WORKGROUP + thread;
    if (i < params.n) { atomicAdd(&counts[u32(x[i] * f32(BINS))], 1); }
  }
}
