// The blocks of queries that a tile of keys goes over: those that may see one of its keys, as far as the mask's range
// of keys says it.

// Where they are listed, and how many there may be.
struct Blocks { first: u32, count: u32 }

fn blocks_of(b: u32, h: u32, tile: u32) -> Blocks {
  return Blocks(0, (query_count(b) + ROWS - 1) / ROWS);
}

// The first of them from the n-th on that is visited, or `count`.
fn next_block(blocks: Blocks, from_n: u32, b: u32, first_key: u32, end: u32) -> u32 {
  for (var n = from_n; n < blocks.count; n++) {
    let seen = visible_keys(b, first_query(b) + n * ROWS, last_query(b, n * ROWS));
    if (seen.x < min(first_key + KEYS, end) && seen.y > first_key) { return n; }
  }
  return blocks.count;
}

// The first query of the n-th block, and 1 if all of its queries exist and see every key of the tile.
struct BlockVisit { first_row: u32, full: u32 }

fn block_of(blocks: Blocks, n: u32, b: u32, first_key: u32, end: u32) -> BlockVisit {
  let first_row = n * ROWS;
  if (first_row + ROWS > query_count(b) || first_key + KEYS > end) { return BlockVisit(first_row, 0); }
  let first = first_query(b) + first_row;
  return BlockVisit(first_row, u32(tile_full(b, first, last_query(b, first_row), first_key, first_key + KEYS - 1)));
}

// The position of the last query of the block from this one on.
fn last_query(b: u32, first_row: u32) -> u32 {
  return first_query(b) + min(first_row + ROWS, query_count(b)) - 1;
}
