// with: lib/no-index
// Which row of the cache a position has: the row of its number, in [b, g, s]; none from s on.

fn cache_row(b: u32, g: u32, at: u32) -> u32 {
  return select(NO_INDEX, (b * params.g + g) * params.s + at, at < params.s);
}
