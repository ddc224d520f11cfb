// A histogram, counted in workgroup memory:  counts[bin] = how many x[i] are bin
//
// As ladders/histogram/storage, but a workgroup counts its elements in memory of its own, which is near, and adds its
// counts to those in memory once, after all of its threads have counted. Requests one read an element, and one atomic
// function a bin and workgroup.

const WORKGROUP: u32 = 64;
const BINS: u32 = 32;
const EACH: u32 = 16;  // elements of a thread

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<u32>;                           // [n], each below BINS
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>, BINS>;  // 0 before the dispatch
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> own: array<atomic<u32>, BINS>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  for (var j = 0u; j < EACH; j++) {
    let i = (workgroup.x * EACH + j) * WORKGROUP + thread;
    if (i < params.n) { atomicAdd(&own[x[i]], 1u); }
  }
  workgroupBarrier();
  for (var bin = thread; bin < BINS; bin += WORKGROUP) { atomicAdd(&counts[bin], atomicLoad(&own[bin])); }
}
