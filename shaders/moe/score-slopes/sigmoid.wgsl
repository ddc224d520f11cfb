// with: lib/numbers/sigmoid, lib/vector/one
// Of sigmoids, by themselves or as shares of their sum:  dlogit = (1 − score) · share · (dweight − Σ share · dweight)

const CENTRED: bool = false;  // the sum is taken away only from shares of the chosen

fn score_slope(logit: f32) -> f32 {
  return sigmoid(-logit);
}
