// The tiles of keys that a block of queries goes over: those of its range of keys, from the first key on.

// The first key, the number of tiles, and where the keys end.
struct Tiles { first: u32, count: u32, end: u32 }

fn tiles_of(b: u32, workgroup_y: u32, block: u32, first_query: u32, last_query: u32) -> Tiles {
  let keys = keys_at(workgroup_y, visible_keys(b, first_query, last_query));
  return Tiles(keys.x, (max(keys.x, keys.y) - keys.x + KEYS - 1) / KEYS, keys.y);
}

// First key of tile n, and 1 if all of its keys exist and are seen by every query.
struct Visit { first_key: u32, full: u32 }

fn visit_of(tiles: Tiles, n: u32, b: u32, first_query: u32, last_query: u32) -> Visit {
  let first_key = tiles.first + n * KEYS;
  if (first_key + KEYS > tiles.end) { return Visit(first_key, 0); }
  let last_key = first_key + KEYS - 1;
  let positions = vec2u(key_position(b, first_key), key_position(b, last_key));
  let full = tile_full(b, first_query, last_query, positions.x, positions.y);
  return Visit(first_key, u32(full && keys_stored(b, first_key, last_key)));
}
