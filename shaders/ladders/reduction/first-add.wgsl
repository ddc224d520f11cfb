// Sums of blocks, added up before the tree:  y[block] = Σ x[block · BLOCK + i] over i < BLOCK
//
// As ladders/reduction/sequential, where half of the threads load an element and then never add. Here a thread first
// adds up EACH elements in a register: the same tree, with its barriers, serves EACH times as many. Requests one read
// an element and one write a block.

const WORKGROUP: u32 = 256;
const EACH: u32 = 2;  // elements of a thread
const BLOCK: u32 = EACH * WORKGROUP;  // of a workgroup
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // distances are halved

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [blocks]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var j = 0u; j < EACH; j++) {
    let i = workgroup.x * BLOCK + j * WORKGROUP + thread;
    if (i < params.n) { sum += x[i]; }
  }
  partial[thread] = sum;
  workgroupBarrier();
  for (var distance = WORKGROUP / 2; distance > 0; distance /= 2) {
    if (thread < distance) { partial[thread] += partial[thread + distance]; }
    workgroupBarrier();
  }
  if (thread == 0) { y[workgroup.x] = partial[0]; }
}
