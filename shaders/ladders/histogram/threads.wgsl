// A histogram, counted by each thread for itself:  counts[bin] = how many x[i] are bin
//
// As ladders/histogram/workgroup, but every thread has counts of its own, so that none waits for another, however many
// elements are alike. The counts of a bin lie side by side, so that threads are in banks of their own. To add them up,
// each thread begins with the count of another thread: else all would be in one bank. Costs BINS · WORKGROUP words of
// workgroup memory. Requests one read an element, and one atomic function a bin and workgroup.

const WORKGROUP: u32 = 64;
const BINS: u32 = 32;
const EACH: u32 = 16;  // elements of a thread
const_assert BINS * WORKGROUP * 4 <= 16384;  // workgroup memory that every device has

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<u32>;                           // [n], each below BINS
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>, BINS>;  // 0 before the dispatch
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> own: array<array<u32, WORKGROUP>, BINS>;  // [bin, thread]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  for (var j = 0u; j < EACH; j++) {
    let i = (workgroup.x * EACH + j) * WORKGROUP + thread;
    if (i < params.n) { own[x[i]][thread]++; }
  }
  workgroupBarrier();
  for (var bin = thread; bin < BINS; bin += WORKGROUP) {
    var sum = 0u;
    for (var t = 0u; t < WORKGROUP; t++) { sum += own[bin][(t + thread) % WORKGROUP]; }
    atomicAdd(&counts[bin], sum);
  }
}
