// A query sees the keys that are not padding, on the left or on the right of a batch row:  first <= k < end.

@group(2) @binding(1) var<storage, read> ranges: array<u32>;  // [b, 2]

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return k >= ranges[2 * b] && k < ranges[2 * b + 1];
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(ranges[2 * b], min(ranges[2 * b + 1], keys));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return first_key >= ranges[2 * b] && last_key < ranges[2 * b + 1];
}
