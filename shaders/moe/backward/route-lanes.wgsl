// with: moe/scores/softmax, moe/score-slopes/softmax, lib/numbers/lowest-float, lib/reduce, lib/grid
// Gradients of a router's logits:  dlogits[token, e] = scale · slope(e) · share(e) · (dweight(e) − Σ share · dweight)
//
// As moe/backward/route, with LANES neighbouring threads a token, which stride over its experts and meet in workgroup
// memory. Requests (CHOICES + 4) · EXPERTS reads a token, and CHOICES scores for each thread. Choose it for many
// experts.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const NORMALISE: bool = true;  // shares of the chosen
const WORKGROUP: u32 = 64;
const TOKENS = WORKGROUP / LANES;

struct Params { tokens: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> experts: array<u32>;        // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read> dweights: array<f32>;       // [tokens, CHOICES]
@group(0) @binding(3) var<storage, read_write> dlogits: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(4) var<uniform> params: Params;

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
  var part = 0.0;
  for (var e = lane; e < count; e += LANES) { part += score_of(logits[first + e], largest); }
  let total = workgroup_sum(part, thread);

  var chosen = 0.0;  // the sum of their scores
  var sum = 0.0;     // of their scores times their gradients
  for (var c = 0u; c < CHOICES; c++) {
    let score = score_of(logits[first + experts[token * CHOICES + c]], largest);
    chosen += score;
    sum += score * dweights[token * CHOICES + c];
  }
  let whole = select(whole_of(total), chosen + TINY, NORMALISE);
  let mean = select(0.0, sum / whole, CENTRED || NORMALISE);

  for (var e = lane; e < count; e += LANES) {
    var gradient = 0.0;
    var is_chosen = false;
    for (var c = 0u; c < CHOICES; c++) {
      if (experts[token * CHOICES + c] == e) {
        gradient = dweights[token * CHOICES + c];
        is_chosen = true;
      }
    }
    let logit = logits[first + e];
    let share = score_of(logit, largest) / whole;
    let counts = is_chosen || (CENTRED && !NORMALISE);
    dlogits[first + e] = select(0.0, params.scale * score_slope(logit) * share * (gradient - mean), counts);
  }
}
