// The derivative of a user's score under the name that kernels of gradients call.

fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return own_score_score_derivative(score, b, h, q, k);
}
