// Where queries begin and how many keys there are, the same in every batch row.

fn first_query(b: u32) -> u32 {
  return params.start;
}

fn key_count(b: u32) -> u32 {
  return params.length;
}
