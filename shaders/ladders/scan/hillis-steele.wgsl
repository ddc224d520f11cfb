// Running sums of blocks, by doubling:  y[i] = Σ x[j] over j ≤ i of the block of i
//
// The first rung (Hillis and Steele 1986): every thread adds the sum that ends 1 element before its own, then 2, 4, 8 …
// That is log2(BLOCK) additions an element, and a barrier after each. Sums are read from one array and written to
// another, and then the two are swapped: so one barrier suffices. Requests one read and one write an element.

const WORKGROUP: u32 = 256;
const BLOCK: u32 = WORKGROUP;  // elements of a workgroup

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<array<f32, WORKGROUP>, 2>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * BLOCK + thread;
  if (i < params.n) { sums[0][thread] = x[i]; }  // else it is 0
  workgroupBarrier();
  var now = 0u;
  for (var distance = 1u; distance < WORKGROUP; distance *= 2) {
    var sum = sums[now][thread];
    if (thread >= distance) { sum += sums[now][thread - distance]; }
    sums[1 - now][thread] = sum;
    workgroupBarrier();
    now = 1 - now;
  }
  if (i < params.n) { y[i] = sums[now][thread]; }
}
