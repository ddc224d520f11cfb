// with: lib/numbers/sigmoid
// Of softplus:  sigmoid(x)

fn derivative(x: Vector) -> Vector {
  return sigmoid(x);
}
