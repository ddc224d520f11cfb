// ReLU squared:  x², or 0 where x is negative
//
// NaN stays NaN: it is not negative.

fn activation(x: Vector) -> Vector {
  return select(x * x, Vector(), x < Vector());
}
