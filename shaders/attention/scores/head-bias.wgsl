// A bias for all scores of a head: score + bias[h]. It changes the log-sum-exp, and a sink's share.

@group(2) @binding(17) var<storage, read> bias: array<f32>;  // [h]

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score + bias[h];
}
