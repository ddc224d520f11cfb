// Sum. Vector is one element or four.

fn operation(a: Vector, b: Vector) -> Vector {
  return a + b;
}
