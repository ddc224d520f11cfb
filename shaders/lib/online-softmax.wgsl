// The steps of a softmax that sees its scores piece by piece (Milakov and Gimelshein 2018, section 3): a running
// maximum, and sums that are rescaled when it grows.
//
// A score of LOWEST or less does not count. LOWEST takes the place of minus infinity: WGSL lets drivers assume that
// infinities do not occur, and LOWEST - LOWEST is not NaN. (lib/numbers/lowest-float has the lowest f32, for kernels
// that mask nothing.)

const LOWEST: f32 = -1e38;

// The share of a score, relative to the largest so far; exactly 0 for scores that do not count.
fn softmax_weight(score: f32, largest: f32) -> f32 {
  return select(exp(score - largest), 0.0, score <= LOWEST);
}

fn softmax_weight4(scores: vec4f, largest: vec4f) -> vec4f {
  return select(exp(scores - largest), vec4f(0.0), scores <= vec4f(LOWEST));
}

// The factor of a share, or of a sum of them, when the maximum grows; 0 for the sum of nothing.
fn softmax_rescale(before: f32, after: f32) -> f32 {
  return exp(before - after);
}

fn softmax_rescale4(before: vec4f, after: vec4f) -> vec4f {
  return exp(before - after);
}

// The natural logarithm of the sum of exponentials; minus infinity when no score counted.
fn log_sum_exp(largest: f32, sum: f32) -> f32 {
  let bits = bitcast<u32>(largest + log(sum));
  return bitcast<f32>(select(bits, 0xff800000u, sum == 0.0));  // WGSL has no literal for it
}
