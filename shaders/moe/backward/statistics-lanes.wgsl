// with: moe/scores/softmax, moe/score-slopes/softmax, lib/numbers/lowest-float, lib/reduce, lib/grid
// Gradients of a router's shares and squares:  dlogits = slope · share · (dshare − Σ share · dshare) + 2 · lse ·
// softmax · dsquare
//
// As moe/backward/statistics, with LANES neighbouring threads a token, which stride over its experts and meet in
// workgroup memory. Requests 6 · EXPERTS reads and EXPERTS writes a token. Choose it for many experts.

const EXPERTS: u32 = 8;
const WORKGROUP: u32 = 64;
const TOKENS = WORKGROUP / LANES;

struct Params { tokens: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> dsums: array<f32>;          // [2 · EXPERTS + 1]
@group(0) @binding(2) var<storage, read_write> dlogits: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first_token = linear_workgroup(grid) * TOKENS;
  if (first_token >= params.tokens) { return; }  // the whole workgroup leaves
  let own_token = first_token + thread / LANES;
  let token = min(own_token, params.tokens - 1);
  let count = select(0, EXPERTS, own_token < params.tokens);  // threads past the last only take part in the barriers
  let lane = thread % LANES;
  let first = token * EXPERTS;
  var most = LOWEST_FLOAT;
  for (var e = lane; e < count; e += LANES) { most = max(most, logits[first + e]); }
  let largest = workgroup_max(most, thread);
  var scores = 0.0;
  var exponentials = 0.0;
  var products = 0.0;
  for (var e = lane; e < count; e += LANES) {
    let score = score_of(logits[first + e], largest);
    scores += score;
    exponentials += exp(logits[first + e] - largest);
    products += score * dsums[e];
  }
  let total = workgroup_sum(scores, thread);
  let whole = workgroup_sum(exponentials, thread);
  let mean = workgroup_sum(products, thread) / total;
  let square = 2.0 * (largest + log(whole)) * dsums[2 * EXPERTS];
  for (var e = lane; e < count; e += LANES) {
    let logit = logits[first + e];
    let share = score_of(logit, largest) / total;
    dlogits[first + e] = score_slope(logit) * share * (dsums[e] - mean) + square * exp(logit - largest) / whole;
  }
}
