// Token ids from an array.

@group(0) @binding(0) var<storage, read> ids: array<u32>;  // [t]

fn token_id(t: u32) -> u32 {
  return ids[t];
}
