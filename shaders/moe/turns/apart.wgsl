// Every slot is a row of x and of the result: what weights in several segments give, to be added up by moe/combine.

const TURNS: u32 = 1;

fn row_of(slot: u32) -> u32 {
  return slot;
}

fn share_of(slot: u32) -> f32 {
  return 1.0;
}

// What lies in other segments, other dispatches store.
fn is_stored(slot: u32, column: u32) -> bool {
  let weight_row = experts[slot] * params.n + column;
  return experts[slot] < EXPERTS && weight_row >= params.begin && weight_row < params.end;
}
