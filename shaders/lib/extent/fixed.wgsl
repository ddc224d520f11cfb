// with: attention/batch
// Where queries begin and how many keys there are, the same in every batch row. Positions are u32 in two's complement:
// with more queries than keys the first queries are before position 0.

fn first_query(b: u32) -> u32 {
  return u32(params.start);
}

fn key_count(b: u32) -> u32 {
  return params.length;
}
