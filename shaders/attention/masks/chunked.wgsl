// A query sees the keys of its own chunk of mask_params.keys positions up to and including its own (Llama 4's local
// layers):  k <= q and floor(q / keys) = floor(k / keys). Positions are u32 in two's complement (lib/extent/fixed).

struct MaskParams { keys: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return i32(k) <= i32(q) && k / mask_params.keys == q / mask_params.keys;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let begin = max(i32(first), 0) / i32(mask_params.keys) * i32(mask_params.keys);
  return vec2u(u32(begin), u32(clamp(i32(last) + 1, 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(last_key) <= i32(first_query) && first_key / mask_params.keys == last_query / mask_params.keys;
}
