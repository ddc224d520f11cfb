// Sums of blocks, the first threads at work:  y[block] = Σ x[block · BLOCK + i] over i < BLOCK
//
// As ladders/reduction/remainder, with the same additions given to the first threads: whole subgroups work, whole
// subgroups rest. But the elements of neighbouring threads are now 2, 4, 8 … apart, and soon lie in the same banks.
// Requests one read an element and one write a block.

const WORKGROUP: u32 = 256;
const BLOCK: u32 = WORKGROUP;  // elements of a workgroup
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // distances are doubled

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [blocks]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * BLOCK + thread;
  if (i < params.n) { partial[thread] = x[i]; }  // else it is 0
  workgroupBarrier();
  for (var distance = 1u; distance < WORKGROUP; distance *= 2) {
    let own = thread * 2 * distance;
    if (own < WORKGROUP) { partial[own] += partial[own + distance]; }
    workgroupBarrier();
  }
  if (thread == 0) { y[workgroup.x] = partial[0]; }
}
