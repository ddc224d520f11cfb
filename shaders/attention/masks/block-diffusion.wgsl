// Of two halves of mask_params.tokens positions, noised tokens and then the same tokens clean, in blocks of
// mask_params.size, a clean query sees the clean keys of its own block and of those before it, a noised query its own
// noised block and the clean blocks before that (BD3-LM, Arriola et al. 2025). In training both halves are there; in
// generation only the clean one. Positions are u32 in two's complement; one outside of the halves sees nothing.

struct MaskParams {
  tokens: u32,
  size: u32,
  noised: u32,  // positions of the noised half: tokens, or 0 where there is none
}

@group(2) @binding(0) var<uniform> mask_params: MaskParams;

fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let noised = mask_params.noised;
  if (max(q, k) >= noised + mask_params.tokens) { return false; }
  if (k < noised) { return q < noised && k / mask_params.size == q / mask_params.size; }
  let key_block = (k - noised) / mask_params.size;
  if (q < noised) { return key_block < q / mask_params.size; }
  return key_block <= (q - noised) / mask_params.size;
}

// The half-open range of existing keys that queries first to last may see in any head.
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  let noised = mask_params.noised;
  let begin = u32(max(i32(first), 0));
  let end = min(u32(max(i32(last) + 1, 0)), noised + mask_params.tokens);
  if (begin >= end) { return vec2u(0, 0); }
  var range = vec2u(noised, 0);
  if (begin < noised) {
    let block = (min(end, noised) - 1) / mask_params.size * mask_params.size;
    range = vec2u(begin / mask_params.size * mask_params.size, noised + block);
    if (block == 0) { range.y = min(mask_params.size, noised); }
  }
  if (end > noised) {
    let block = (end - noised - 1) / mask_params.size;
    range.y = max(range.y, noised + min((block + 1) * mask_params.size, mask_params.tokens));
  }
  return min(range, vec2u(keys));
}

// True if every one of these queries sees every one of these keys, in every head.
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  let noised = mask_params.noised;
  if (i32(first_query) < 0 || max(last_query, last_key) >= noised + mask_params.tokens) { return false; }
  if (first_key < noised) {
    let block = first_key / mask_params.size;
    if (last_query >= noised || block != last_query / mask_params.size) { return false; }
    if (block != first_query / mask_params.size || min(last_key, noised - 1) / mask_params.size != block) { return false; }
  }
  if (last_key < noised) { return true; }
  let block = (last_key - noised) / mask_params.size;
  if (first_query >= noised) { return block <= (first_query - noised) / mask_params.size; }
  return block < first_query / mask_params.size && (last_query < noised || block == 0);
}
