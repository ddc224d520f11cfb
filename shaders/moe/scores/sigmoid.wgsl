// with: lib/numbers/sigmoid, lib/vector/one
// Each score by itself (DeepSeek-V3).

const TINY: f32 = 1e-20;  // all scores may be 0

fn score_of(logit: f32, largest: f32) -> f32 {
  return sigmoid(logit);
}

// The divisor of scores: they are not divided.
fn whole_of(sum: f32) -> f32 {
  return 1.0;
}
