// 1 / (1 + exp(-x)) without an exponential that overflows: exp(-|x|) is at most 1. Vector is one f32 or four.

fn sigmoid(x: Vector) -> Vector {
  let e = exp(-abs(x));
  return select(e, Vector(1.0), x >= Vector()) / (1.0 + e);
}
