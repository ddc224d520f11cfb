// with: lib/step
// Positions that count up from each batch row's position in the step. A row may have fewer tokens than t: the rest of
// it is padding, all of it once the row has finished.

fn position(b: u32, t: u32) -> u32 {
  return step_.rows[b].position + t;
}

fn is_token(b: u32, t: u32) -> bool {
  return t < step_.rows[b].tokens;
}

// Tokens of batch row b that this run computes.
fn live_tokens(b: u32) -> u32 {
  return step_.rows[b].tokens;
}
