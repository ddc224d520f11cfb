// Positions from an array, one for each token of each batch row.

@group(0) @binding(7) var<storage, read> positions: array<u32>;  // [b, t]

fn position(b: u32, t: u32) -> u32 {
  return positions[b * params.t + t];
}

fn is_token(b: u32, t: u32) -> bool {
  return true;
}

// Tokens of batch row b that count: all.
fn live_tokens(b: u32) -> u32 {
  return params.t;
}
