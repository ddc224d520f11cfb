// Running sums of blocks, up and down a tree:  y[i] = Σ x[j] over j ≤ i of the block of i
//
// After Blelloch 1990, in the inclusive form of Brent and Kung 1982. On the way up, pairs are added as in a sum of all:
// then every second element is a sum of 2, every fourth one of 4, and so on. On the way down, each of these is added to
// the element half-way to the next. Fewer than two additions an element, however long the block, and two barriers for
// each doubling. Requests one read and one write an element.

const WORKGROUP: u32 = 128;
const BLOCK: u32 = 2 * WORKGROUP;  // elements of a workgroup
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // distances are doubled and halved

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<f32, BLOCK>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = workgroup.x * BLOCK;
  for (var i = thread; i < BLOCK; i += WORKGROUP) {
    if (first + i < params.n) { sums[i] = x[first + i]; }  // else it is 0
  }
  workgroupBarrier();
  for (var distance = 1u; distance < BLOCK; distance *= 2) {
    let right = (thread + 1) * 2 * distance - 1;
    if (right < BLOCK) { sums[right] += sums[right - distance]; }
    workgroupBarrier();
  }
  for (var distance = BLOCK / 4; distance > 0; distance /= 2) {
    let left = (thread + 1) * 2 * distance - 1;
    if (left + distance < BLOCK) { sums[left + distance] += sums[left]; }
    workgroupBarrier();
  }
  for (var i = thread; i < BLOCK; i += WORKGROUP) {
    if (first + i < params.n) { y[first + i] = sums[i]; }
  }
}
