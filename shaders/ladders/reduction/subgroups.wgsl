// Sums of blocks by subgroups:  y[block] = Σ x[block · BLOCK + i] over i < BLOCK
//
// As ladders/reduction/first-add, with a workgroup that is one subgroup: its threads hand their sums over by a subgroup
// operation, without workgroup memory and without barriers. Requests one read an element and one write a block.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const EACH: u32 = 16;     // elements of a thread
const BLOCK: u32 = EACH * SUBGROUP;  // of a workgroup

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [blocks]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  var sum = 0.0;
  for (var j = 0u; j < EACH; j++) {
    let i = workgroup.x * BLOCK + j * SUBGROUP + thread;
    if (i < params.n) { sum += x[i]; }
  }
  let total = subgroupAdd(sum);
  if (thread == 0) { y[workgroup.x] = total; }
}
