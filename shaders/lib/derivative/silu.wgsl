// with: lib/numbers/sigmoid, lib/bounded
// Of SiLU:  sigmoid(x) · (1 + x · sigmoid(-x))
//
// Beyond ±110 it is 0 or 1 in f32, and infinity times the 0 next to it would be NaN.

fn derivative(x: Vector) -> Vector {
  let c = bounded(x, 110.0);
  return sigmoid(c) * (1.0 + c * sigmoid(-c));
}
