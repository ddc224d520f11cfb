// with: sampling/count/off, sampling/check/off
// with: sampling/settings, sampling/select, sampling/multiply-high, lib/reduce, lib/threefry, lib/row, lib/grid, lib/no-index
// One token per row, drawn by its weight:  the first id with Σ weight[0..=id] > ⌊word · Σ weight / 2³²⌋
//
// The weight of token l is ⌊exp((l − max) / T) / S · 2³¹⌋ if top-k, top-p and min-p, in this order, keep it, and 0 if not;
// S sums the exponentials of all tokens.
// One workgroup a row. The filters are thresholds on the logit, found by radix select. Weights are integers, so that
// sums, and with them the token, do not depend on the order of atomics; S comes from a fixed tree. The random word
// depends on seed and position alone (lib/threefry). The token is found by narrowing a range to the 256th part that the
// running sum passes the goal in, until one is left. Rows without tokens to compute are left alone. Where logits are
// checked, a row with one that is not finite gives NO_TOKEN and ends.
// Requests 3·v reads a row, and 4·v more each for top-k and top-p.
//
// Weights sum to 2³¹ up to rounding, so u32 holds every sum; the largest weighs at least 2³¹ / v.

const WORKGROUP: u32 = 256;
const NO_TOKEN: u32 = 0xfffffffe;

struct Params { b: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;           // [b, v]
@group(0) @binding(1) var<storage, read> settings: array<Settings>;    // [64, 8]
@group(0) @binding(2) var<storage, read_write> step: array<Row, 64>;   // [64, 4]
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>;     // [b]
@group(0) @binding(4) var<uniform> params: Params;

struct Distribution {
  largest: u32,      // key of the largest logit
  temperature: f32,
  sum: f32,          // of likelihoods
  threshold: u32,    // least key to keep
  min_p: f32,
}

var<private> distribution: Distribution;
var<private> by_mass: bool;  // what the selection measures
var<private> wanted: f32;    // how much of it: k, or p
var<workgroup> now: Row;

// Probability relative to the largest. Where that is infinite, the infinite share all of it.
fn likelihood(key: u32) -> f32 {
  if (key == IMPOSSIBLE) { return 0; }
  if (key == distribution.largest) { return 1; }
  if (distribution.largest == INFINITE) { return 0; }
  return exp((logit_of(key) - logit_of(distribution.largest)) / distribution.temperature);
}

fn weight(key: u32) -> u32 {
  if (key < distribution.threshold) { return 0; }
  let relative = likelihood(key);
  if (relative < distribution.min_p) { return 0; }
  return u32(relative / distribution.sum * 2147483648.0);
}

fn measure(key: u32) -> u32 {
  if (by_mass) { return weight(key); }
  return 1;
}

fn goal(total: u32) -> u32 {
  if (!by_mass) { return u32(wanted) - 1; }
  let share = u32(max(wanted, 0) * 4294967296.0);  // p · 2³², an integer for p ≥ 2⁻⁹
  let least = multiply_high(share, total) + u32(share * total != 0);  // ⌈p · total⌉: the low word is what was cut off
  return max(least, 1) - 1;
}

// The first of width tokens where the running sum of weights exceeds ⌊word · total / 2³²⌋.
fn draw(first: u32, width: u32, word: u32, thread: u32) -> u32 {
  var begin = 0u;
  var rest = 0u;  // of the goal, from begin on
  var share = 0u;  // tokens a thread
  for (var range = params.v; range > 1; range = share) {
    share = (range + WORKGROUP - 1) / WORKGROUP;
    let start = begin + thread * share;
    var mass = 0u;
    for (var i = start; i < min(start + share, width); i++) { mass += weight(order_key(logits[first + i])); }
    let up_to = workgroup_scan(mass, thread);
    if (range == params.v) { rest = multiply_high(word, workgroup_total()); }
    let place = workgroup_locate(up_to, mass, rest, thread);
    begin += place.thread * share;
    rest -= place.before;
  }
  return begin;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  if (thread == 0) { now = step[row]; }
  workgroupBarrier();
  let first = row * params.v;
  var width = select(params.v, 0, now.tokens == 0);  // finished rows only meet the barriers
  let own_settings = settings[row];
  let greedy = !(own_settings.temperature > 0);

  var largest = IMPOSSIBLE;
  for (var i = thread; i < width; i += WORKGROUP) { largest = max(largest, checked_key(logits[first + i])); }
  let temperature = select(own_settings.temperature, 1, greedy);
  let found = workgroup_largest(largest);
  let is_finite = found != NOT_FINITE;
  if (!is_finite) { width = 0; }
  distribution = Distribution(select(IMPOSSIBLE, found, is_finite), temperature, f32(params.v), IMPOSSIBLE + 1, 0);
  var word = 0u;
  if (greedy) {
    distribution.threshold = max(distribution.threshold, distribution.largest);  // and the word 0 draws the first of those that tie
  } else {
    var sum = 0.0;
    for (var i = thread; i < width; i += WORKGROUP) { sum += likelihood(order_key(logits[first + i])); }
    distribution.sum = workgroup_sum(sum, thread);
    if (own_settings.top_k >= 1 && own_settings.top_k < f32(params.v)) {
      by_mass = false;
      wanted = own_settings.top_k;
      distribution.threshold = max(distribution.threshold, select_key(first, width, thread).key);
    }
    if (own_settings.top_p < 1) {
      by_mass = true;
      wanted = own_settings.top_p;
      distribution.threshold = max(distribution.threshold, select_key(first, width, thread).key);
    }
    distribution.min_p = own_settings.min_p;
    word = threefry2x32(vec2u(now.seed, 0), vec2u(now.position + now.tokens, 0)).x;
  }

  let id = draw(first, width, word, thread);
  if (thread == 0) {
    chosen[row] = select(select(NO_TOKEN, id, is_finite), NO_INDEX, now.tokens == 0);
    if (!is_finite) { step[row].tokens = 0; }  // it ends with the token that it has
    if (now.tokens > 0 && is_finite) {
      step[row] = Row(now.position + now.tokens, 1, id, now.seed);
      count_token(row, id);
    }
  }
}
