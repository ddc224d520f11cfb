// Of ReLU:  1, or 0 where x is not above 0
//
// At 0 it is undefined; 0 is used, as is usual.

fn derivative(x: Vector) -> Vector {
  return select(Vector(1.0), Vector(), x <= Vector());
}
