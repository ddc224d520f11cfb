// A query sees the keys of its own document, in sequences packed together:  documents[q] = documents[k]. A position
// past the end, or before the beginning (as u32 it is large), is in no document.

struct MaskParams { s: u32 }

@group(2) @binding(0) var<uniform> mask_params: MaskParams;
@group(2) @binding(1) var<storage, read> documents: array<u32>;  // [b, s]

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let first = b * mask_params.s;
  return q < mask_params.s && k < mask_params.s && documents[first + q] == documents[first + k];
}

// The half-open range of existing keys that queries first to last may see in any head: all.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, keys);
}

// True of no tile: only testing every pair could show it.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return false;
}
