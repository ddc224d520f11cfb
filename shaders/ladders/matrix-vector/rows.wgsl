// A matrix times a vector, a thread a row:  y[row] = Σ weight[row, i] · x[i]
//
// The first rung: each thread goes along its row. Neighbouring threads are in neighbouring rows, k elements apart, so
// that each of them touches a sector of 32 bytes of its own; x they read together. Every element of the weight is used
// once, so reading it is all the work. Requests 2·k reads a row.

const WORKGROUP: u32 = 64;

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [n, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.x;
  if (row >= params.n) { return; }
  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) { sum = fma(weight[row * params.k + i], x[i], sum); }
  y[row] = sum;
}
