// ReLU:  x, or 0 where x is negative
//
// NaN stays NaN: it is not negative. max(x, 0) may drop it.

fn activation(x: Vector) -> Vector {
  return select(x, Vector(), x < Vector());
}
