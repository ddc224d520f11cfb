// with: attention/batch
// Where queries begin and how many keys there are, the same in every batch row. With more queries than keys the first
// queries are before position 0: a u32 then holds a negative position in two's complement.

fn first_query(b: u32) -> u32 {
  return u32(params.start);
}

fn key_count(b: u32) -> u32 {
  return params.length;
}
