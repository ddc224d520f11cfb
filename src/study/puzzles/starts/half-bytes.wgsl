// A matrix of half bytes times a vector:  y[row] = Σ scales[row, i / 64] · codes[row, i] · x[i]
//
// A code is a signed number of four bits, eight to a word, the first in the lowest bits. k is a multiple of 8.

const WORKGROUP: u32 = 64;
const GROUP: u32 = 64;  // codes with one scale

struct Params { n: u32, k: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [k]
@group(0) @binding(1) var<storage, read> codes: array<u32>;    // [n, k / 8]
@group(0) @binding(2) var<storage, read> scales: array<f32>;   // [n, k / 64, rounded up]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let row = thread.x;
  if (row >= params.n) { return; }
  let words = params.k / 8;
  let groups = (params.k + GROUP - 1) / GROUP;
  var sum = 0.0;
  for (var i = 0u; i < words; i++) {
    let word = codes[row * words + i];
    let scale = scales[row * groups + i * 8 / GROUP];
    for (var j = 0u; j < 8; j++) {
      let code = (word >> (4 * j)) & 15;
      sum += scale * f32(code) * x[8 * i + j];
    }
  }
  y[row] = sum;
}
