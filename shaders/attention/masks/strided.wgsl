// A query sees the keys at most mask_params.stride before its own position, and every mask_params.stride-th key before
// those (Sparse Transformer, Child et al. 2019, section 4.3):  k <= q and (q - k <= stride or (q - k) mod stride = 0).
// The first factor is a window of mask_params.keys keys: stride + 1 in the paper, stride in the released code, and 0
// where the second factor is used alone. Positions are u32 in two's complement.

struct MaskParams { stride: u32, keys: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && (distance < i32(mask_params.keys) || u32(distance) % mask_params.stride == 0);
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return i32(last_key) <= i32(first_query)
    && (i32(last_query) - i32(first_key) < i32(mask_params.keys) || mask_params.stride == 1);
}
