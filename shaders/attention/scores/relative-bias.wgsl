// A bias of each head by the distance between query and key, up to the last of a table:
// score + table[h, min(|q - k|, distances - 1)].

struct ScoreParams { distances: u32 }

@group(2) @binding(16) var<uniform> score_params: ScoreParams;
@group(2) @binding(17) var<storage, read> table: array<f32>;  // [h, distances]

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let distance = u32(abs(i32(q) - i32(k)));
  return score + table[h * score_params.distances + min(distance, score_params.distances - 1)];
}
