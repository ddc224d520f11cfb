// with: lib/extent/fixed
// A query sees the keys that a tensor keeps. Its rows are the queries of this call, regardless of position. Batch rows
// and heads may share it: their strides are 0 then.

struct MaskParams { batch: u32, head: u32, s: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;
@group(2) @binding(1) var<storage, read> keep: array<u32>;  // [b or 1, h or 1, t, s]

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let row = q - first_query(b);
  return keep[b * mask_params.batch + h * mask_params.head + row * mask_params.s + k] != 0;
}

// The half-open range of existing keys that queries first to last may see in any head: all.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, keys);
}

// True of no tile: only testing every pair could show it.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return false;
}
