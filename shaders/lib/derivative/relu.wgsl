// Of ReLU:  1, or 0 where x is not above 0
//
// At 0 there is none; 0 is taken, as everywhere.

fn derivative(x: Vector) -> Vector {
  return select(Vector(1.0), Vector(), x <= Vector());
}
