// with: moe/scores/softmax, moe/keys/logits, moe/groups/all, moe/nan-flags/none, sampling/order, lib/grid
// The experts of each token and how much each weighs:  experts[token] = the CHOICES with the largest keys, of equals
// the lowest
//
// One thread a token, which goes over all experts for each choice and takes the first that comes after the last one
// taken. Keys decide which are chosen; weights are their scores, as shares of all scores or of those of the chosen. Of
// a token with a NaN among its logits all weights are NaN, so that it does not go unnoticed. Requests (CHOICES + 2) ·
// EXPERTS reads a token. Choose it for few experts, or for many tokens.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const NORMALISE: bool = true;  // shares of the chosen
const WORKGROUP: u32 = 64;
const_assert CHOICES <= EXPERTS;

struct Params { tokens: u32, layer: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [tokens, EXPERTS]
@group(0) @binding(1) var<storage, read_write> experts: array<u32>;  // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;  // [tokens, CHOICES]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let token = linear_workgroup(grid) * WORKGROUP + thread;
  if (token >= params.tokens) { return; }
  let first = token * EXPERTS;
  var largest = logits[first];
  var unseen = 0.0;  // a logit that is NaN, if there is one
  for (var e = 0u; e < EXPERTS; e++) {
    let logit = logits[first + e];
    largest = max(largest, logit);
    if (is_nan(logit)) { unseen = logit; }
  }
  var total = 0.0;
  for (var e = 0u; e < EXPERTS; e++) { total += score_of(logits[first + e], largest); }

  let groups = kept_groups(first, largest);
  var last = Choice(0xffffffff, 0);  // before every other
  var chosen: array<f32, CHOICES>;   // their scores
  var sum = 0.0;
  for (var c = 0u; c < CHOICES; c++) {
    var best = Choice(IMPOSSIBLE, EXPERTS);
    for (var e = 0u; e < EXPERTS; e++) {
      let next = Choice(key_at(first, e, largest, groups), e);
      if (comes_after(next, last) && (best.expert == EXPERTS || next.key > best.key)) { best = next; }
    }
    last = best;
    chosen[c] = score_of(logits[first + best.expert], largest);
    sum += chosen[c];
    experts[token * CHOICES + c] = best.expert;
  }

  if (is_nan(unseen)) { flag_nan(); }
  let whole = select(whole_of(total), sum + TINY, NORMALISE);
  for (var c = 0u; c < CHOICES; c++) {
    weights[token * CHOICES + c] = select(params.scale * chosen[c] / whole, unseen, is_nan(unseen));
  }
}

struct Choice { key: u32, expert: u32 }

fn comes_after(next: Choice, last: Choice) -> bool {
  return next.key < last.key || (next.key == last.key && next.expert > last.expert);
}

// The key by which expert e is chosen. Experts of groups that are not kept come last.
fn key_at(first: u32, e: u32, largest: f32, groups: u32) -> u32 {
  let key = key_of(logits[first + e], largest, e);
  return select(IMPOSSIBLE, order_key(key), in_groups(e, groups));
}
