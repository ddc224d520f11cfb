// with: lib/numbers/exponential
// Of the exponential:  itself

fn derivative(x: Vector) -> Vector {
  return exponential(x);
}
