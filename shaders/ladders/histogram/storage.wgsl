// A histogram, counted in memory:  counts[bin] = how many x[i] are bin
//
// The first rung: each thread adds 1 to the count of its element, by an atomic function, since others add to the same
// count. All threads of all workgroups meet at the same few words. Requests one read and one atomic function an
// element.

const WORKGROUP: u32 = 64;
const BINS: u32 = 32;
const EACH: u32 = 16;  // elements of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<u32>;                           // [n], each below BINS
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>, BINS>;  // 0 before the dispatch
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  for (var j = 0u; j < EACH; j++) {
    let i = (workgroup.x * EACH + j) * WORKGROUP + thread;
    if (i < params.n) { atomicAdd(&counts[x[i]], 1u); }
  }
}
