// with: lib/activation/gelu-tanh, lib/bounded
// Of GELU by its tanh approximation:  sigmoid(u) · (1 + x · u′ · sigmoid(-u)), u = 2 √(2/π) (x + 0.044715 x³)
//
// Beyond ±12 it is 0 or 1 in f32, as in lib/activation/gelu-tanh.

fn derivative(x: Vector) -> Vector {
  let c = bounded(x, 12.0);
  let u = TWICE_ROOT_2_OVER_PI * (c + 0.044715 * c * c * c);
  let slope = TWICE_ROOT_2_OVER_PI * (1.0 + 0.134145 * c * c);
  return sigmoid(u) * (1.0 + c * slope * sigmoid(-u));
}
