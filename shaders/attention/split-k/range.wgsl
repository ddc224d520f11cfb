// How splitK cuts the work. Rows are (token, head) pairs of one key and value head, tokens before heads; a block is
// ROWS of them. Split i covers the keys from i·span on; its range, which may be empty, is the part that the mask
// leaves.

// First and last query position of a block.
fn block_positions(b: u32, block: u32) -> vec2u {
  let heads = params.h / params.g;
  let last = min(block * ROWS + ROWS, heads * query_count(b)) - 1;
  return first_query(b) + vec2u(block * ROWS, last) / heads;
}

// The keys that a block may see.
fn block_range(b: u32, positions: vec2u) -> vec2u {
  return visible_keys(b, positions.x, positions.y);
}

fn split_range(block_keys: vec2u, split: u32) -> vec2u {
  return vec2u(max(block_keys.x, split * params.span), min(block_keys.y, (split + 1) * params.span));
}

// The index of a row and split in accumulators and stats.
fn part_of_row(b: u32, group: u32, row: u32, split: u32) -> u32 {
  let heads = params.h / params.g;
  let query = token_index(b, row / heads) * params.h + group * heads + row % heads;
  return query * params.splits + split;
}
