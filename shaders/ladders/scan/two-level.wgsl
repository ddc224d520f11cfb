// Running sums of blocks, in two levels:  y[i] = Σ x[j] over j ≤ i of the block of i
//
// As ladders/scan/hillis-steele, with two barriers in place of one for each doubling: PIECE threads each go along a
// piece of PIECE elements, then every thread adds the totals of the pieces before its own. More additions, most of them
// by threads that would wait. Requests one read and one write an element.

const PIECE: u32 = 16;  // elements
const WORKGROUP: u32 = PIECE * PIECE;
const BLOCK: u32 = WORKGROUP;  // elements of a workgroup

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * BLOCK + thread;
  if (i < params.n) { sums[thread] = x[i]; }  // else it is 0
  workgroupBarrier();
  if (thread < PIECE) {
    for (var j = 1u; j < PIECE; j++) { sums[thread * PIECE + j] += sums[thread * PIECE + j - 1]; }
  }
  workgroupBarrier();
  var sum = sums[thread];
  for (var piece = 0u; piece < thread / PIECE; piece++) { sum += sums[piece * PIECE + PIECE - 1]; }
  if (i < params.n) { y[i] = sum; }
}
