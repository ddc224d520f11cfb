// A penalty that grows with the distance of the key, by a slope of each head (ALiBi, Press et al. 2021, section 3):
// score - slopes[h] * (q - k). For keys after the query the term is multiplied by score_params.future: -1 for
// -|q - k|, 1 for k - q.

struct ScoreParams { future: f32 }

@group(2) @binding(16) var<uniform> score_params: ScoreParams;
@group(2) @binding(17) var<storage, read> slopes: array<f32>;  // [h]

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let ahead = f32(i32(k) - i32(q));
  return score + slopes[h] * ahead * select(1.0, score_params.future, ahead > 0.0);
}
