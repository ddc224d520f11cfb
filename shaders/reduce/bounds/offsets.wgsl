// Segments are where offsets say, and each row has a weight.

@group(0) @binding(3) var<storage, read> weights: array<f32>;  // [t]
@group(0) @binding(4) var<storage, read> offsets: array<u32>;  // [n + 1], where each segment begins and the last one ends

fn segment_rows(i: u32) -> vec2u {
  return vec2u(offsets[i], min(offsets[i + 1], params.t));
}

fn weight_of(row: u32) -> f32 {
  return weights[row];
}
