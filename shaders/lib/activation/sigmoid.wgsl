// with: lib/numbers/sigmoid
// The logistic function:  1 / (1 + exp(-x))

fn activation(x: Vector) -> Vector {
  return sigmoid(x);
}
