// The blocks of queries that a tile of keys goes over: those that a map lists (attention/block-map, with blocks and
// tiles exchanged). Blocks of which no query sees a key of the tile are not in it.

// Where they are listed, and how many there are.
struct Blocks { first: u32, count: u32 }

struct MapParams { maps: u32, blocks: u32, entries: u32 }

@group(0) @binding(8) var<storage, read> tileMap: array<u32>;  // [b, maps, tiles of keys, entries], the count, then blocks
@group(0) @binding(9) var<uniform> map_params: MapParams;

fn blocks_of(b: u32, h: u32, tile: u32) -> Blocks {
  // All heads share one map, or none do.
  let first = ((b * map_params.maps + h % map_params.maps) * map_params.blocks + tile) * map_params.entries;
  return Blocks(first + 1, tileMap[first]);
}

// The first of them from the n-th on that is visited, or `count`: each.
fn next_block(blocks: Blocks, from_n: u32, b: u32, first_key: u32, end: u32) -> u32 {
  return from_n;
}

// The first query of the n-th block, and 1 if all of its queries exist and see every key of the tile.
struct BlockVisit { first_row: u32, full: u32 }

fn block_of(blocks: Blocks, n: u32, b: u32, first_key: u32, end: u32) -> BlockVisit {
  let entry = tileMap[blocks.first + n];
  let first_row = entry / 2 * ROWS;
  return BlockVisit(first_row, u32(entry % 2 == 1 && first_row + ROWS <= params.t));
}
