// A matrix of bytes times a vector:  y[row] = scales[row] · Σ codes[row, i] · x[i]
//
// As ladders/matrix-vector/subgroups, with a fourth of the bytes: an element of the weight is a signed byte, four to a
// word, the first in the lowest bits, and each row has a scale. A shift to the left and back to the right extends the
// sign. Needs k to be a multiple of 4. Requests k / 4 reads of codes, k of x and one scale a row.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [k / 4]
@group(0) @binding(1) var<storage, read> codes: array<u32>;     // [n, k / 4]
@group(0) @binding(2) var<storage, read> scales: array<f32>;    // [n]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // [n]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let row = workgroup.x;
  let words = params.k / 4;
  var sums = vec4f();
  for (var i = thread; i < words; i += SUBGROUP) {
    let bytes = bitcast<vec4i>(vec4u(codes[row * words + i]) << vec4u(24, 16, 8, 0)) >> vec4u(24);
    sums = fma(vec4f(bytes), x[i], sums);
  }
  let sum = subgroupAdd(dot(sums, vec4f(1.0)));
  if (thread == 0) { y[row] = sum * scales[row]; }
}
