// A matrix of half bytes times a vector:  y[row] = Σ scales[row, i / 32] · codes[row, i] · x[i]
//
// As ladders/matrix-vector/int8, with half of its bytes: an element of the weight is a signed number of four bits,
// eight to a word, the first in the lowest bits. One scale a row would be too coarse for 16 values, so each 32 elements
// have one, two numbers of f16 to a word: 0.56 bytes an element in all. Needs k to be a multiple of 64. Requests k / 8
// reads of codes, k of x and k / 8 of scales a row, since each word of codes looks for its scale.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [k / 4]
@group(0) @binding(1) var<storage, read> codes: array<u32>;     // [n, k / 8]
@group(0) @binding(2) var<storage, read> scales: array<u32>;    // [n, k / 64]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // [n]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let row = workgroup.x;
  let words = params.k / 8;
  var sum = 0.0;
  for (var i = thread; i < words; i += SUBGROUP) {
    let word = vec4u(codes[row * words + i]);
    let low = bitcast<vec4i>(word << vec4u(28, 24, 20, 16)) >> vec4u(28);
    let high = bitcast<vec4i>(word << vec4u(12, 8, 4, 0)) >> vec4u(28);
    let products = fma(vec4f(low), x[2 * i], vec4f(high) * x[2 * i + 1]);
    let group = (row * words + i) / 4;
    sum = fma(unpack2x16float(scales[group / 2])[group % 2], dot(products, vec4f(1.0)), sum);
  }
  sum = subgroupAdd(sum);
  if (thread == 0) { y[row] = sum; }
}
