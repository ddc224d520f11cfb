// Experts, each token with every expert:  y[token] = Σ over experts of share · (weight[expert] · x[token])
//
// The first rung, as a loop over dense layers: the share of an expert that a token did not choose is 0, and its product
// is computed all the same. Most of the work is multiplied by 0. Requests 2·EXPERTS·k reads of x and of weights for
// each element, and the choices of its token once for each expert.

const WORKGROUP: u32 = 64;
const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;  // of a token

struct Params { tokens: u32, k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [tokens, k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [EXPERTS, n, k]
@group(0) @binding(2) var<storage, read> experts: array<u32>;  // [tokens, CHOICES]
@group(0) @binding(3) var<storage, read> shares: array<f32>;   // [tokens, CHOICES]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [tokens, n]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= params.tokens * params.n) { return; }
  let token = thread.x / params.n;
  let column = thread.x % params.n;
  var total = 0.0;
  for (var expert = 0u; expert < EXPERTS; expert++) {
    var share = 0.0;
    for (var c = token * CHOICES; c < (token + 1) * CHOICES; c++) {
      if (experts[c] == expert) { share += shares[c]; }
    }
    let row = (expert * params.n + column) * params.k;
    var sum = 0.0;
    for (var i = 0u; i < params.k; i++) { sum = fma(weight[row + i], x[token * params.k + i], sum); }
    total = fma(share, sum, total);
  }
  y[thread.x] = total;
}
