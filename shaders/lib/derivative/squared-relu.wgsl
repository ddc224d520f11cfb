// Of ReLU squared:  2x, or 0 where x is not above 0

fn derivative(x: Vector) -> Vector {
  return select(2.0 * x, Vector(), x <= Vector());
}
