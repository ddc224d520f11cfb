// The order after the previous pass.

@group(0) @binding(1) var<storage, read> order: array<u32>;  // [t]

fn token_at(i: u32) -> u32 {
  return order[i];
}
