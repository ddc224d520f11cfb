// Of shares of a softmax:  dlogit = share · (dweight − Σ share · dweight), for shares of any sum

const CENTRED: bool = true;  // the sum is always taken away

fn score_slope(logit: f32) -> f32 {
  return 1.0;
}
