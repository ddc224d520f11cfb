// Experts without groups: all may be chosen.

fn kept_groups(first: u32, largest: f32) -> u32 {
  return 0;
}

fn in_groups(e: u32, groups: u32) -> bool {
  return true;
}
