// with: lib/step
// Token ids of a decode step: the token that each batch row sampled last.

fn token_id(t: u32) -> u32 {
  return step_.rows[t].token;
}
