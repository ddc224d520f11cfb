fn operation(a: Vector, b: Vector) -> Vector {
  return a / b;
}
