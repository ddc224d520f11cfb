// The tiles of keys that a block of queries goes over: those that a map lists (attention/block-map). Tiles that the
// mask empties are not in it.

// Where they are listed, how many there are, and where the keys end.
struct Tiles { first: u32, count: u32, end: u32 }

struct MapParams { maps: u32, blocks: u32, entries: u32 }

@group(0) @binding(8) var<storage, read> tileMap: array<u32>;  // [b, maps, blocks, entries], the count and then the tiles
@group(0) @binding(9) var<uniform> map_params: MapParams;

fn tiles_of(b: u32, workgroup_y: u32, block: u32, first_query: u32, last_query: u32) -> Tiles {
  // The y of a workgroup is its head; all heads share one map, or none do.
  let row = (b * map_params.maps + workgroup_y % map_params.maps) * map_params.blocks + block;
  let first = row * map_params.entries;
  return Tiles(first + 1, tileMap[first], key_count(b));
}

// First key of tile n, and 1 if all of its keys exist and are seen by every query.
struct Visit { first_key: u32, full: u32 }

fn visit_of(tiles: Tiles, n: u32, b: u32, first_query: u32, last_query: u32) -> Visit {
  let tile = tileMap[tiles.first + n];
  let first_key = tile / 2 * KEYS;
  if (tile % 2 == 0) { return Visit(first_key, 0); }
  return Visit(first_key, u32(keys_stored(b, first_key, first_key + KEYS - 1)));
}
