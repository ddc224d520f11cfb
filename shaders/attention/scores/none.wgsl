// The score is the scaled dot product.

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score;
}
