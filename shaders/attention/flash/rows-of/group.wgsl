// The rows of a block are the query heads of one key and value head, of several queries: a tile of keys serves them all
// (pack_gqa of FlashAttention 3). With h / g heads, row i is head i mod (h / g) of query i / (h / g).

// Rows that a query has.
fn rows_of_query() -> u32 {
  return params.h / params.g;
}

// The key and value head of a workgroup with this y in the grid, which has one for each key and value head.
fn group_at(workgroup_y: u32) -> u32 {
  return workgroup_y;
}

fn head_of_row(workgroup_y: u32, row: u32) -> u32 {
  return workgroup_y * (params.h / params.g) + row % (params.h / params.g);
}

fn query_of_row(row: u32) -> u32 {
  return row / (params.h / params.g);
}

// Of the keys that a block may see, those that a workgroup visits: all of them.
fn keys_at(workgroup_y: u32, keys: vec2u) -> vec2u {
  return keys;
}
