// Every slot is a row of x and of the result, for weights in several segments; moe/combine adds the results up.

const ROW_SLOTS: u32 = 1;  // that add up to a row of the result

fn row_of(slot: u32) -> u32 {
  return slot;
}

fn share_of(slot: u32) -> f32 {
  return 1.0;
}

// A row is a slot. Other dispatches store those of other segments.
fn is_stored(row: u32, column: u32) -> bool {
  let weight_row = experts[row] * params.n + column;
  return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end;
}
