// with: lib/dot4/plain
// A matrix of bytes times a vector of bytes:  y[row] = scales[row] · x_scale · Σ codes[row, i] · x[i]
//
// As ladders/matrix-vector/int8, but elements of x are signed bytes, too, with one scale. A word of each is multiplied
// at a time: four products and their sum, of integers, which most GPUs have in one instruction (lib/dot4/builtin). Sums
// of integers are exact; what is lost was lost when x was rounded to bytes. Needs k to be a multiple of 4. Requests
// k / 4 reads of codes and of x and one scale a row.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads

struct Params { k: u32, n: u32, x_scale: f32 }

@group(0) @binding(0) var<storage, read> x: array<u32>;        // [k / 4]
@group(0) @binding(1) var<storage, read> codes: array<u32>;    // [n, k / 4]
@group(0) @binding(2) var<storage, read> scales: array<f32>;   // [n]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let row = workgroup.x;
  let words = params.k / 4;
  var sum = 0;
  for (var i = thread; i < words; i += SUBGROUP) { sum += dot_bytes(codes[row * words + i], x[i]); }
  sum = subgroupAdd(sum);
  if (thread == 0) { y[row] = f32(sum) * scales[row] * params.x_scale; }
}
