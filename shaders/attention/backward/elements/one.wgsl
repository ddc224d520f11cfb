// One element for all pairs.

fn element_of(b: u32, h: u32, q: u32, k: u32) -> u32 {
  return 0;
}
