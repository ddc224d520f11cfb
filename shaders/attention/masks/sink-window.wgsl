// A query sees the last mask_params.keys keys up to and including its own position, and the first mask_params.sinks of
// all (StreamingLLM, Xiao et al. 2023, section 3.2):  k <= q and (q - k < keys or k < sinks). Positions are u32 in
// two's complement (lib/extent/fixed).

struct MaskParams { sinks: u32, keys: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && (distance < i32(mask_params.keys) || k < mask_params.sinks);
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let window = max(i32(first) - i32(mask_params.keys) + 1, 0);
  let begin = select(window, 0, mask_params.sinks > 0);
  return vec2u(u32(begin), u32(clamp(i32(last) + 1, 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(last_key) <= i32(first_query)
    && (i32(last_query) - i32(first_key) < i32(mask_params.keys) || last_key < mask_params.sinks);
}
