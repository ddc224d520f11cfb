// The feature map in the place of softmax's exponential:  φ(x) = elu(x) + 1, x + 1 above 0 and exp(x) below
// (Katharopoulos et al. 2020, equation 7). It is positive, so that weights are.

fn feature(x: f32) -> f32 {
  return max(x, 0.0) + exp(min(x, 0.0));
}
