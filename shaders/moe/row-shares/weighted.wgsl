// A slot counts by its share.

@group(0) @binding(6) var<storage, read> shares: array<f32>;  // [tokens, choices]

fn row_share(slot: u32) -> f32 {
  return shares[slot];
}
