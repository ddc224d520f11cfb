// How splitK cuts the work, alike in the kernel that computes parts and the one that joins them. Rows are
// (token, head) pairs of one key and value head, tokens before heads; a block is ROWS of them. Split i covers the keys
// from i·span on; what the mask leaves of it is its range, which may be empty.

// First and last query position of a block.
fn block_positions(b: u32, block: u32) -> vec2u {
  let heads = params.h / params.g;
  let last = min(block * ROWS + ROWS, heads * params.t) - 1;
  return first_query(b) + vec2u(block * ROWS, last) / heads;
}

fn split_range(b: u32, block: u32, split: u32) -> vec2u {
  let positions = block_positions(b, block);
  let keys = key_range(positions.x, positions.y, key_count(b));
  return vec2u(max(keys.x, split * params.span), min(keys.y, (split + 1) * params.span));
}
