// with: moe/scores/softmax, moe/score-slopes/softmax, lib/grid
// Gradients of a router's shares and squares:  dlogits = slope · share · (dshare − Σ share · dshare) + 2 · lse ·
// softmax · dsquare
//
// Of the sums of moe/balance/statistics, of which all tokens have the same gradient; counts of choices have none. One
// thread a token. Requests 6 · EXPERTS reads and EXPERTS writes a token.

const EXPERTS: u32 = 8;
const WORKGROUP: u32 = 64;

struct Params { tokens: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> dsums: array<f32>;          // [2 · EXPERTS + 1]
@group(0) @binding(2) var<storage, read_write> dlogits: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let token = linear_workgroup(grid) * WORKGROUP + thread;
  if (token >= params.tokens) { return; }
  let first = token * EXPERTS;
  var largest = logits[first];
  for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }
  var total = 0.0;
  var exponentials = 0.0;
  var sum = 0.0;
  for (var e = 0u; e < EXPERTS; e++) {
    let score = score_of(logits[first + e], largest);
    total += score;
    exponentials += exp(logits[first + e] - largest);
    sum += score * dsums[e];
  }
  let mean = sum / total;
  let square = 2.0 * (largest + log(exponentials)) * dsums[2 * EXPERTS];
  for (var e = 0u; e < EXPERTS; e++) {
    let logit = logits[first + e];
    let share = score_of(logit, largest) / total;
    dlogits[first + e] = score_slope(logit) * share * (dsums[e] - mean) + square * exp(logit - largest) / exponentials;
  }
}
