// The rows of a block are the query heads of one key and value head, as in rows-of/group, and they see one split of their
// keys: i·span to (i + 1)·span - 1. Workgroups of split i come after those of the splits before it in the grid.

struct Splits { count: u32, span: u32 }

@group(0) @binding(8) var<uniform> splits: Splits;

// Rows that a query has.
fn rows_of_query() -> u32 {
  return params.h / params.g;
}

// The key and value head of workgroups with this place in the grid.
fn group_at(place: u32) -> u32 {
  return place % params.g;
}

fn head_of_row(place: u32, row: u32) -> u32 {
  return group_at(place) * rows_of_query() + row % rows_of_query();
}

fn query_of_row(row: u32) -> u32 {
  return row / rows_of_query();
}

fn split_at(place: u32) -> u32 {
  return place / params.g;
}

// Of the keys that a block may see, those that workgroups with this place visit.
fn keys_at(place: u32, keys: vec2u) -> vec2u {
  let first = split_at(place) * splits.span;
  return vec2u(max(keys.x, first), min(keys.y, first + splits.span));
}
