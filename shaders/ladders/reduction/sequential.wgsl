// Sums of blocks, halves added to halves:  y[block] = Σ x[block · BLOCK + i] over i < BLOCK
//
// As ladders/reduction/interleaved, but from far to near: the second half is added to the first, then the second
// quarter to the first, and so on. The first threads still do the work, and neighbours have neighbouring elements, each
// in a bank of its own. Requests one read an element and one write a block.

const WORKGROUP: u32 = 256;
const BLOCK: u32 = WORKGROUP;  // elements of a workgroup
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // distances are halved

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
  for (var distance = WORKGROUP / 2; distance > 0; distance /= 2) {
    if (thread < distance) { partial[thread] += partial[thread + distance]; }
    workgroupBarrier();
  }
  if (thread == 0) { y[workgroup.x] = partial[0]; }
}
