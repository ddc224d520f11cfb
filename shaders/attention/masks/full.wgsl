// Every query sees every key: encoders and cross-attention. Positions are u32 in two's complement (lib/extent/fixed).

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return true;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, keys);
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return true;
}
