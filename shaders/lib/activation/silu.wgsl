// with: lib/numbers/sigmoid
// SiLU, or swish:  x · sigmoid(x)

fn activation(x: Vector) -> Vector {
  return x * sigmoid(x);
}
