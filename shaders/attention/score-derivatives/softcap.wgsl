// with: attention/scores/softcap
// The derivative of the score softcap:  1 - tanh(score / cap)²

fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let bent = tanh(score / score_params.cap);
  return 1.0 - bent * bent;
}
