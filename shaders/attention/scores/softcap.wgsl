// The scaled dot product, soft-capped between -cap and cap (Gemma 2, section 2):  cap * tanh(score / cap)

struct ScoreParams { cap: f32 }

@group(2) @binding(16) var<uniform> score_params: ScoreParams;

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score_params.cap * tanh(score / score_params.cap);
}
