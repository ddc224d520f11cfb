// The order before the first pass of the sort: that of the tokens.

fn token_at(i: u32) -> u32 {
  return i;
}
