// Each score by itself (DeepSeek-V3).

const TINY: f32 = 1e-20;  // all scores may be 0

fn score_of(logit: f32, largest: f32) -> f32 {
  let e = exp(-abs(logit));
  return select(e, 1.0, logit >= 0.0) / (1.0 + e);
}

// What the scores are shares of: they stand for themselves.
fn whole_of(sum: f32) -> f32 {
  return 1.0;
}
