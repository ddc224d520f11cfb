// with: lib/numbers/exponential
// The exponential, base e.

fn activation(x: Vector) -> Vector {
  return exponential(x);
}
