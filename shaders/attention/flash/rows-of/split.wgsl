// The rows of a block are the query heads of one key and value head, as in rows-of/group, and they see one split of
// their keys: i·span to (i + 1)·span - 1. The y of the grid counts the heads of split 0, then those of split 1, and so
// on.

struct Splits { count: u32, span: u32 }

@group(0) @binding(8) var<uniform> splits: Splits;

// Rows that a query has.
fn rows_of_query() -> u32 {
  return params.h / params.g;
}

// The key and value head of a workgroup with this y in the grid, which has one for each key and value head of each
// split.
fn group_at(workgroup_y: u32) -> u32 {
  return workgroup_y % params.g;
}

fn head_of_row(workgroup_y: u32, row: u32) -> u32 {
  return group_at(workgroup_y) * rows_of_query() + row % rows_of_query();
}

fn query_of_row(row: u32) -> u32 {
  return row / rows_of_query();
}

fn split_at(workgroup_y: u32) -> u32 {
  return workgroup_y / params.g;
}

// Of the keys that a block may see, those that a workgroup visits.
fn keys_at(workgroup_y: u32, keys: vec2u) -> vec2u {
  let first = split_at(workgroup_y) * splits.span;
  return vec2u(max(keys.x, first), min(keys.y, first + splits.span));
}
