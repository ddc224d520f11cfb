// A query sees the first mask_params.prefix keys, and the keys of its own branch up to its own position: one prompt
// with many answers in one sequence:  k < prefix or (branches[q] = branches[k] and k <= q). Positions are u32 in two's
// complement (lib/extent/fixed); one past the end is in no branch.

struct MaskParams { prefix: u32, s: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;
@group(2) @binding(1) var<storage, read> branches: array<u32>;  // [b, s]

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  if (k < mask_params.prefix) { return true; }
  let first = b * mask_params.s;
  return i32(k) <= i32(q) && q < mask_params.s && branches[first + q] == branches[first + k];
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, u32(clamp(max(i32(last) + 1, i32(mask_params.prefix)), 0, i32(keys))));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return last_key < mask_params.prefix;
}
