// One more, in place:  count[i] = count[i] + 1
//
// One thread a workgroup, so that the workgroup's number is the thread's. It does nearly nothing, so that a series of
// such dispatches takes as long as starting them does.

@group(0) @binding(0) var<storage, read_write> count: array<u32>;  // [n]

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup: vec3u) {
  count[workgroup.x] += 1;
}
