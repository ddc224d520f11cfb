// with: sampling/draw, sampling/long, lib/reduce, lib/numbers/threefry, lib/row, lib/grid
// Drafts kept or replaced, so that tokens follow p:  chosen = u < p(draft) / q(draft) ? draft : a draw from max(0, p −
// q)
//
// Leviathan, Kalman and Matias 2022, algorithm 1; Chen et al. 2023. p and q are the model's and the draft model's
// weights (sampling/top-k-top-p) over their sums, q the distribution that the draft was drawn from. So a draft is kept
// with the probability Σ min(p, q), the most that is possible. A row without a draft draws from p, by the word that
// sampling/sample draws by. Whether to keep is exact: u · q · Σp < p · Σq in integers of 96 bits. What is left, p · Σq
// − q · Σp, has up to 62 bits, of which draws use the 31 below the highest bit of the sum. Two words of Threefry
// decide, different from those of ordinary draws (lib/numbers/threefry). One workgroup a row. A row whose model weights
// are all 0 has logits that are not finite, and gives NO_TOKEN. Requests 3·v reads a row of p and 1·v of q where the
// draft is kept, 5·v and 3·v where it is replaced.

const WORKGROUP: u32 = 256;
const NO_TOKEN: u32 = 0xfffffffe;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> weights: array<u32>;        // [b, v] of the model
@group(0) @binding(1) var<storage, read> draftWeights: array<u32>;   // [b, v] of the draft model
@group(0) @binding(2) var<storage, read> drafts: array<u32>;         // [b], v or more where there is none
@group(0) @binding(3) var<storage, read> step: array<Row, 64>;       // [64, 4]
@group(0) @binding(4) var<storage, read_write> chosen: array<u32>;   // [b]
@group(0) @binding(5) var<uniform> params: Params;

struct Rule {
  of_model: u32,   // the sums of weights
  of_draft: u32,
  replaces: u32,   // 1: draws from what is left
  shift: u32,      // bits of it that draws do not use
}

var<workgroup> rule: Rule;

// max(0, p − q) · Σp · Σq
fn left_at(i: u32, of_model: u32, of_draft: u32) -> vec2u {
  let own = long_product(weights[i], of_draft);
  let of_other = long_product(draftWeights[i], of_model);
  if (long_less(own, of_other)) { return vec2u(); }
  return long_difference(own, of_other);
}

fn weight_at(i: u32) -> u32 {
  if (rule.replaces == 0) { return weights[i]; }
  return long_shift(left_at(i, rule.of_model, rule.of_draft), rule.shift);
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  let first = row * params.v;
  let draft = drafts[row];
  let is_drafted = draft < params.v;
  let at = first + min(draft, params.v - 1);

  var sum = 0u;
  for (var i = thread; i < params.v; i += WORKGROUP) { sum += weights[first + i]; }
  workgroup_scan(sum, thread);
  let of_model = workgroup_total();
  workgroupBarrier();
  sum = 0u;
  for (var i = thread; i < select(0, params.v, is_drafted); i += WORKGROUP) { sum += draftWeights[first + i]; }
  workgroup_scan(sum, thread);
  let of_draft = workgroup_total();  // the barriers of workgroup_sum come before the next scan

  let now = step[row];
  let position = now.position + now.tokens;  // of the new token
  let words = threefry2x32(vec2u(now.seed, 0), vec2u(position, 1));
  let own = long_product(weights[at], of_draft);
  let of_other = long_product(draftWeights[at], of_model);
  let is_kept = is_drafted && long_less(long_share(words.x, of_other), own);
  let replaces = is_drafted && !is_kept;

  var left = 0.0;
  for (var i = thread; i < select(0, params.v, replaces); i += WORKGROUP) {
    left += long_float(left_at(first + i, of_model, of_draft));
  }
  let all_left = workgroup_sum(left, thread);
  if (thread == 0) {
    let bits = max(bitcast<u32>(all_left) >> 23, 157) - 157;  // 2^(127 + 30) has the exponent 157
    rule = Rule(of_model, of_draft, u32(replaces), bits);
  }
  workgroupBarrier();

  let word = select(threefry2x32(vec2u(now.seed, 0), vec2u(position, 0)).x, words.y, replaces);
  let id = draw(first, select(params.v, 0, is_kept), params.v, word, thread);
  if (thread == 0) { chosen[row] = select(select(id, draft, is_kept), NO_TOKEN, of_model == 0); }
}
