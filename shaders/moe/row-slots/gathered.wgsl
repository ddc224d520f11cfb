// Every slot is a row of the result by itself, of the token that it belongs to.

const ROW_SLOTS: u32 = 1;  // that add up to a row of the result

fn row_of(slot: u32) -> u32 {
  return slot / CHOICES;
}

fn share_of(slot: u32) -> f32 {
  return 1.0;
}

// A row is a slot. Other dispatches store those of other segments.
fn is_stored(row: u32, column: u32) -> bool {
  let weight_row = experts[row] * params.n + column;
  return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end;
}
