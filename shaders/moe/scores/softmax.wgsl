// Scores as softmax has them, before they are divided by their sum.

const TINY: f32 = 0.0;  // the largest score is 1

fn score_of(logit: f32, largest: f32) -> f32 {
  return exp(logit - largest);
}

// The divisor of scores.
fn whole_of(sum: f32) -> f32 {
  return sum;
}
