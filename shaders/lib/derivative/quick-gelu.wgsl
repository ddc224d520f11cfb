// with: lib/numbers/sigmoid, lib/bounded
// Of GELU by a logistic approximation:  sigmoid(z) · (1 + z · sigmoid(-z)), z = 1.702 x
//
// Bounded as lib/derivative/silu.

fn derivative(x: Vector) -> Vector {
  let z = 1.702 * bounded(x, 65.0);
  return sigmoid(z) * (1.0 + z * sigmoid(-z));
}
