// One document in each row of the batch.

fn document_of(token: u32) -> u32 {
  return 0;
}
