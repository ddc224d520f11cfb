// What is said of a tile by a mask that does not know: that it may hide something.

fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return false;
}
