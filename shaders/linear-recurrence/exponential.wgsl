// The exponential of the logarithm of a decay. Near 0, where a state remembers long and errors of decays add up, by its
// series: exp may err by three ulps there, and where it does it errs always to the same side.

fn decay_of(log_decay: f32) -> f32 {
  let x = log_decay;
  if (abs(x) > 0.25) { return exp(x); }
  return 1.0 + x * (1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x / 720.0)))));
}
