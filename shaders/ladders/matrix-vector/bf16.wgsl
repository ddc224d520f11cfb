// A matrix of bf16 times a vector:  y[row] = Σ weight[row, i] · x[i]
//
// As ladders/matrix-vector/subgroups, with half of the bytes: an element of the weight is the upper half of an f32, two
// to a word, the first in the lower bits. A shift or a mask makes an f32 of it, on every device. Needs k to be a
// multiple of 4. Requests k reads of the weight and k of x a row.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [k / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec2u>;  // [n, k / 4], four elements each
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let row = workgroup.x;
  let vectors = params.k / 4;
  var sums = vec4f();
  for (var i = thread; i < vectors; i += SUBGROUP) {
    let pairs = weight[row * vectors + i];
    let first = bitcast<vec2f>(pairs << vec2u(16));
    let second = bitcast<vec2f>(pairs & vec2u(0xffff0000));
    sums = fma(vec4f(first.x, second.x, first.y, second.y), x[i], sums);
  }
  let sum = subgroupAdd(dot(sums, vec4f(1.0)));
  if (thread == 0) { y[row] = sum; }
}
