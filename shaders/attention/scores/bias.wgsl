// with: lib/extent/fixed
// A bias for every pair. Its rows are the queries of this call, regardless of position. Batch rows and heads may share
// it: their strides are 0 then.

struct ScoreParams { batch: u32, head: u32, s: u32 }

@group(2) @binding(16) var<uniform> score_params: ScoreParams;
@group(2) @binding(17) var<storage, read> bias: array<f32>;  // [b or 1, h or 1, t, s]

fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let row = q - first_query(b);
  return score + bias[b * score_params.batch + h * score_params.head + row * score_params.s + k];
}
