// The rows of a block are queries of one head: row i is query i.

// Rows that a query has.
fn rows_of_query() -> u32 {
  return 1;
}

// The key and value head of a workgroup, whose y in the grid is the number of its query head.
fn group_at(workgroup_y: u32) -> u32 {
  return workgroup_y / (params.h / params.g);
}

fn head_of_row(workgroup_y: u32, row: u32) -> u32 {
  return workgroup_y;
}

fn query_of_row(row: u32) -> u32 {
  return row;
}

// Of the keys that a block may see, those that a workgroup visits: all of them.
fn keys_at(workgroup_y: u32, keys: vec2u) -> vec2u {
  return keys;
}
