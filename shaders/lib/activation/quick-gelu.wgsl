// with: lib/numbers/sigmoid
// GELU by a logistic approximation:  x · sigmoid(1.702 x)

fn activation(x: Vector) -> Vector {
  return x * sigmoid(1.702 * x);
}
