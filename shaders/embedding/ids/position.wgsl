// with: lib/step
// Positions as ids, for a table of learned positions: those of each batch row's tokens, from the step.
// params.tokens is the number of tokens of one batch row.

fn token_id(t: u32) -> u32 {
  return step_.rows[t / params.tokens].position + t % params.tokens;
}
