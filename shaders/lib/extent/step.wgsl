// with: lib/step, attention/batch
// Where each batch row's queries begin and how many keys it has, from the step: everything up to and with this run's
// tokens. A row that has finished has no keys.

fn first_query(b: u32) -> u32 {
  return step_.rows[b].position;
}

fn key_count(b: u32) -> u32 {
  let row = step_.rows[b];
  return select(row.position + row.tokens, 0u, row.tokens == 0);
}
