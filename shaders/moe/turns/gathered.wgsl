// Every slot is a row of the result by itself, of the token that it belongs to.

const TURNS: u32 = 1;

fn row_of(slot: u32) -> u32 {
  return slot / CHOICES;
}

fn share_of(slot: u32) -> f32 {
  return 1.0;
}

// What lies in other segments, other dispatches store.
fn is_stored(slot: u32, column: u32) -> bool {
  let weight_row = experts[slot] * params.n + column;
  return experts[slot] < EXPERTS && weight_row >= params.begin && weight_row < params.end;
}
