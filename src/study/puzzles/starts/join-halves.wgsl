// Joins two parts of a softmax:  y = Σ value · exp(largest - larger) / Σ sum · exp(largest - larger)
//
// Of each part there are the largest score, the sum of exp(score - largest), and that of exp(score - largest) · value.
// A part without scores has LOWEST, 0 and 0. Where both are empty, y is 0.

const WORKGROUP: u32 = 64;
const LOWEST: f32 = -3.4e38;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> largest: array<f32>;  // [2, n]
@group(0) @binding(1) var<storage, read> sum: array<f32>;      // [2, n]
@group(0) @binding(2) var<storage, read> value: array<f32>;    // [2, n]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.x;
  if (i >= params.n) { return; }
  let other = params.n + i;
  y[i] = (value[i] + value[other]) / (sum[i] + sum[other]);
}
