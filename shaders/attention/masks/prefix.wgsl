// A query sees the first mask_params.keys keys, and those up to and including its own position (prefix-LM; Raffel et
// al. 2019, section 3.2.1):  k <= q or k < keys. Positions are u32 in two's complement (lib/extent/fixed).

struct MaskParams { keys: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return i32(k) <= i32(q) || k < mask_params.keys;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, u32(clamp(max(i32(last) + 1, i32(mask_params.keys)), 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(last_key) <= i32(first_query) || last_key < mask_params.keys;
}
