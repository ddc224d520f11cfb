// with: lib/exponential
// The exponential, base e.

fn activation(x: Vector) -> Vector {
  return exponential(x);
}
