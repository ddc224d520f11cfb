// The derivative of a score that adds something to the scaled dot product, or nothing.

fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return 1.0;
}
