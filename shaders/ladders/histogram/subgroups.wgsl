// A histogram, counted by votes of a subgroup:  counts[bin] = how many x[i] are bin
//
// As ladders/histogram/threads, without workgroup memory: a workgroup is one subgroup, and a thread has the counts of
// OWN bins in registers. For each bin all threads vote whether their element is in it, and the thread that has the bin
// counts the votes. No two threads ever access the same count, however many elements are equal; but each step takes as
// many votes as there are bins. Requests one read an element, and one atomic function a bin and workgroup.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const WORKGROUP: u32 = SUBGROUP;
const BINS: u32 = 32;
const EACH: u32 = 16;  // elements of a thread
const OWN = (BINS + SUBGROUP - 1) / SUBGROUP;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<u32>;                           // [n], each below BINS
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>, BINS>;  // 0 before the dispatch
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  var own: array<u32, OWN>;  // of the bins thread, thread + SUBGROUP and so on
  for (var j = 0u; j < EACH; j++) {
    let i = (workgroup.x * EACH + j) * SUBGROUP + thread;
    var element = BINS;  // none
    if (i < params.n) { element = x[i]; }
    for (var bin = 0u; bin < BINS; bin++) {
      let votes = countOneBits(subgroupBallot(element == bin));  // a bit a thread, in four words
      if (bin % SUBGROUP == thread) { own[bin / SUBGROUP] += votes.x + votes.y + votes.z + votes.w; }
    }
  }
  for (var bin = thread; bin < BINS; bin += SUBGROUP) { atomicAdd(&counts[bin], own[bin / SUBGROUP]); }
}
