// Rows of x are tokens: each is gathered for every expert that it chose.

fn row_of(slot: u32, row: u32) -> u32 {
  return slot / params.choices;
}
