// with: attention/masks/causal, attention/scores/none, attention/score-derivatives/one, lib/extent/fixed
// with: attention/views, attention/dropout/none, lib/online-softmax
// The gradient of attention with its weights in memory, the first kernel:  the weights of all pairs, again from their
// scores and each row's log-sum-exp, and how much a score moves with the scaled dot product
//
//   weights[t, s] = exp(score - lse)      derivatives[t, s] = derivative of score_mod
//
// Both are 0 where the mask hides the key. One thread a pair: 2·d reads and 2 writes. As attention/naive/scores, the
// first rung of the ladder.

const WORKGROUP: u32 = 64;

struct Params { h: u32, g: u32, t: u32, s: u32, d: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;              // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;              // [b, g, s, d]
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;        // [b, h, t, 2], the log-sum-exp first
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;  // [b, h, t, s]
@group(0) @binding(4) var<storage, read_write> derivatives: array<f32>;   // [b, h, t, s]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let key = thread.x;
  let query = thread.y;
  let b = thread.z / params.h;
  let head = thread.z % params.h;
  if (key >= params.s) { return; }
  let row = thread.z * params.t + query;
  let pair = row * params.s + key;
  let position = first_query(b) + query;
  if (key >= key_count(b) || !mask_mod(b, head, position, key)) {
    weights[pair] = 0.0;
    derivatives[pair] = 0.0;
    return;
  }

  let q_first = q_row(b, head, query);  // where the two rows begin
  let k_first = k_row(b, head / (params.h / params.g), key);
  var product = 0.0;
  for (var i = 0u; i < params.d; i++) {
    product = fma(q[q_first + i], k[k_first + i], product);
  }
  product *= params.scale;
  let score = score_mod(product, b, head, position, key);
  let kept = kept_shares(dropout_key(b, head), position, key).x;
  weights[pair] = select(exp(score - stats[row].x), 0.0, score <= LOWEST) * kept;
  derivatives[pair] = select(score_derivative(product, b, head, position, key), 0.0, score <= LOWEST);
}
