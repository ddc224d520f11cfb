// A user's score under the name that kernels call. The names of its text begin with own_score_.

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return own_score_score_mod(score, b, h, q, k);
}
