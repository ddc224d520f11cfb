// The tile_full of a user's mask under the name that kernels call.

fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return own_mask_tile_full(b, first_query, last_query, first_key, last_key);
}
