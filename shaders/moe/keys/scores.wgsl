// Experts are chosen by their scores.

fn key_of(logit: f32, largest: f32, e: u32) -> f32 {
  return score_of(logit, largest);
}
