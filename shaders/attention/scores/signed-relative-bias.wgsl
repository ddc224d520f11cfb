// A bias of each head by how far the key is from the query, on either side, up to the ends of a table:
// score + table[h, clamp(k - q, -reach, reach) + reach].

struct ScoreParams { reach: u32 }

@group(2) @binding(16) var<uniform> score_params: ScoreParams;
@group(2) @binding(17) var<storage, read> table: array<f32>;  // [h, 2·reach + 1]

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let reach = i32(score_params.reach);
  let offset = clamp(i32(k) - i32(q), -reach, reach);
  return score + table[h * (2 * score_params.reach + 1) + u32(offset + reach)];
}
