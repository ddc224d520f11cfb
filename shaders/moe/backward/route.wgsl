// with: moe/scores/softmax, moe/score-slopes/softmax, lib/grid
// Gradients of a router's logits:  dlogits[token, e] = scale · slope(e) · share(e) · (dweight(e) − Σ share · dweight)
//
// The choice counts as constant. Shares are those of moe/route: of all scores, which all have a gradient then, or of
// the chosen. One thread a token, which computes the scores again. Requests (CHOICES + 4) · EXPERTS reads a token.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const NORMALISE: bool = true;  // shares of the chosen
const WORKGROUP: u32 = 64;

struct Params { tokens: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read> experts: array<u32>;        // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read> dweights: array<f32>;       // [tokens, CHOICES]
@group(0) @binding(3) var<storage, read_write> dlogits: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let token = linear_workgroup(grid) * WORKGROUP + thread;
  if (token >= params.tokens) { return; }
  let first = token * EXPERTS;
  var largest = logits[first];
  for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }
  var total = 0.0;
  for (var e = 0u; e < EXPERTS; e++) { total += score_of(logits[first + e], largest); }

  var chosen = 0.0;  // the sum of their scores
  var sum = 0.0;     // of their scores times their gradients
  for (var c = 0u; c < CHOICES; c++) {
    let expert = experts[token * CHOICES + c];
    let score = score_of(logits[first + expert], largest);
    chosen += score;
    sum += score * dweights[token * CHOICES + c];
  }
  let whole = select(whole_of(total), chosen + TINY, NORMALISE);
  let mean = select(0.0, sum / whole, CENTRED || NORMALISE);

  for (var e = 0u; e < EXPERTS; e++) {
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
