// with: lib/no-index
// Of a sum: every row contributes.

fn winner_of(rows: vec2u, column: u32) -> u32 {
  return NO_INDEX;
}

fn has_part(row: u32, winner: u32) -> bool {
  return true;
}
