// The row of x for a slot of a block. GATHERED, rows of x are tokens, each gathered for every expert that it chose;
// else they lie as the slots do. What is read for a row of padding is not stored.

const GATHERED: bool = true;

fn row_of(slot: u32, row: u32) -> u32 {
  return select(row, slot / params.choices, GATHERED);
}
