// Every slot is a row of x and of the result: what weights in several segments give, to be added up by moe/combine.

const ROW_SLOTS: u32 = 1;  // that add up to a row of the result

fn row_of(slot: u32) -> u32 {
  return slot;
}

fn share_of(slot: u32) -> f32 {
  return 1.0;
}

// A row is a slot. What lies in other segments, other dispatches store.
fn is_stored(row: u32, column: u32) -> bool {
  let weight_row = experts[row] * params.n + column;
  return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end;
}
