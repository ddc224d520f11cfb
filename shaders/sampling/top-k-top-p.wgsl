// with: sampling/settings, sampling/select, sampling/multiply-high, lib/reduce
// What the tokens of a row are drawn by:  the weight of logit l is ⌊exp((l − max) / T) / S · 2³¹⌋ if it is kept, 0 if
// not
//
// Top-k, top-p and min-p keep a token, in this order; S sums the exponentials of all tokens. The filters are thresholds
// on the logit, found by radix select. Weights are integers, so that their sums do not depend on the order of atomics;
// S comes from a fixed tree. With the temperature 0 the tokens that tie for the largest logit have all the weight.
// Requests v reads a row, and 4·v more each for top-k and top-p. The kernel defines logits.
//
// Weights sum to 2³¹ up to rounding, so u32 holds every sum; the largest weighs at least 2³¹ / v.

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

// Finds what to keep of a row whose largest logit has this key. All threads must call it (uniform control flow), once.
fn set_distribution(first: u32, width: u32, largest: u32, own: Settings, vocabulary: u32, thread: u32) {
  let greedy = !(own.temperature > 0);
  let temperature = select(own.temperature, 1, greedy);
  distribution = Distribution(largest, temperature, f32(vocabulary), IMPOSSIBLE + 1, 0);
  if (greedy) {
    distribution.threshold = max(distribution.threshold, distribution.largest);
  } else {
    var sum = 0.0;
    for (var i = thread; i < width; i += WORKGROUP) { sum += likelihood(order_key(logits[first + i])); }
    distribution.sum = workgroup_sum(sum, thread);
    if (own.top_k >= 1 && own.top_k < f32(vocabulary)) {
      by_mass = false;
      wanted = own.top_k;
      distribution.threshold = max(distribution.threshold, select_key(first, width, thread).key);
    }
    if (own.top_p < 1) {
      by_mass = true;
      wanted = own.top_p;
      distribution.threshold = max(distribution.threshold, select_key(first, width, thread).key);
    }
    distribution.min_p = own.min_p;
  }
}
