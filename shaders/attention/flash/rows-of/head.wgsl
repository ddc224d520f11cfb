// The rows of a block are queries of one head: row i is query i.

// Rows that a query has.
fn rows_of_query() -> u32 {
  return 1;
}

// The key and value head of workgroups with this place in the grid.
fn group_at(place: u32) -> u32 {
  return place / (params.h / params.g);
}

fn head_of_row(place: u32, row: u32) -> u32 {
  return place;
}

fn query_of_row(row: u32) -> u32 {
  return row;
}

// Of the keys that a block may see, those that workgroups with this place visit: all of them.
fn keys_at(place: u32, keys: vec2u) -> vec2u {
  return keys;
}
