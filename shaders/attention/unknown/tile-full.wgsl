// The tile_full of a mask that defines none: any tile may have hidden pairs.

fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return false;
}
