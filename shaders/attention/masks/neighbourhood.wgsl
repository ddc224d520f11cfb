// with: lib/numbers/window
// A query sees the mask_params.keys keys around its own position, of mask_params.tokens positions; near either end the
// window is shifted, not cut, so that all see as many (NATTEN, Hassani et al. 2023). With an even number, one key more
// is before the query than after it. What stride, dilation and the causal form are is in lib/numbers/window. Positions
// are u32 in two's complement; those outside of the tokens neither see nor are seen.

struct MaskParams { tokens: u32, keys: u32, stride: u32, dilation: u32, causal: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn tokens_window() -> Window {
  let given = mask_params;
  return Window(given.tokens, given.keys, given.stride, given.dilation, given.causal);
}

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return max(q, k) < mask_params.tokens && window_has(tokens_window(), q, k);
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let begin = u32(max(i32(first), 0));
  let end = min(u32(max(i32(last) + 1, 0)), mask_params.tokens);
  if (begin >= end) { return vec2u(0, 0); }
  return min(window_range(tokens_window(), begin, end - 1), vec2u(keys));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(first_query) >= 0 && last_query < mask_params.tokens
    && window_full(tokens_window(), first_query, last_query, first_key, last_key);
}
