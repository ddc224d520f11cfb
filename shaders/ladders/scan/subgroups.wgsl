// Running sums of blocks, by subgroups:  y[i] = Σ x[j] over j ≤ i of the block of i
//
// A workgroup is one subgroup. It goes along its block SUBGROUP elements at a time: a subgroup operation gives the
// running sums of these, and the total so far is carried on in a register. No workgroup memory, no barriers. Requests
// one read and one write an element.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const BLOCK: u32 = 256;   // elements of a workgroup

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  var before = 0.0;
  for (var j = 0u; j < BLOCK; j += SUBGROUP) {
    let i = workgroup.x * BLOCK + j + thread;
    var value = 0.0;
    if (i < params.n) { value = x[i]; }
    let sum = before + subgroupInclusiveAdd(value);
    if (i < params.n) { y[i] = sum; }
    before = subgroupShuffle(sum, SUBGROUP - 1);
  }
}
