// A query sees the keys of its own block of mask_params.stride up to its own position, and in every block up to there
// mask_params.summary keys at its end (Sparse Transformer, Child et al. 2019, section 4.3). Heads take
// mask_params.turns: later ones have the keys before those. mask_params.own is 0 for the second of the two factors
// alone, which leaves out the keys of the query's own block. Positions are u32 in two's complement.

struct MaskParams { stride: u32, summary: u32, turns: u32, own: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  if (i32(k) > i32(q)) { return false; }
  if (mask_params.own != 0 && k / mask_params.stride == q / mask_params.stride) { return true; }
  let end = mask_params.stride - h % mask_params.turns * mask_params.summary;
  let place = k % mask_params.stride;
  return place < end && place + mask_params.summary >= end;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return mask_params.own != 0 && i32(last_key) <= i32(first_query)
    && first_key / mask_params.stride == last_query / mask_params.stride;
}
