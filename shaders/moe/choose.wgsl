// with: sampling/order, lib/grid
// The tokens of each expert, which chooses them:  experts[token, e] = e where fewer than capacity tokens have a larger
// score
//
// Expert choice (Zhou et al. 2022): every expert gets as many tokens, and a token as many experts as want it. One
// thread per token and expert, which counts the tokens that come before it; of equals the lowest comes first. Where an
// expert does not take a token, the entry is no expert, EXPERTS, with a weight of 0. Requests `tokens` reads a thread.
// Choose it for few tokens.

const EXPERTS: u32 = 8;
const WORKGROUP: u32 = 64;

struct Params { tokens: u32, capacity: u32 }

@group(0) @binding(0) var<storage, read> scores: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read_write> experts: array<u32>;  // [tokens, EXPERTS]
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.tokens * EXPERTS) { return; }
  let token = i / EXPERTS;
  let e = i % EXPERTS;
  let key = order_key(scores[i]);
  var before = 0u;
  for (var other = 0u; other < params.tokens; other++) {
    let own = order_key(scores[other * EXPERTS + e]);
    before += u32(own > key || (own == key && other < token));
  }
  let taken = before < params.capacity;
  experts[i] = select(EXPERTS, e, taken);
  weights[i] = select(0.0, scores[i], taken);
}
