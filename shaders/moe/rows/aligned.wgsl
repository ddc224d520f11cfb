// Rows of x lie as the slots do. What is read for a row of padding is not stored.

fn row_of(slot: u32, row: u32) -> u32 {
  return row;
}
