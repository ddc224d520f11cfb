// with: lib/activation/gelu, lib/bounded
// Of exact GELU:  Φ(x) + x · φ(x), φ(x) = exp(-x²/2) / √(2π)
//
// Beyond ±20 it is 0 or 1 in f32.

const INVERSE_ROOT_2_PI: f32 = 0.3989422804;

fn derivative(x: Vector) -> Vector {
  let c = bounded(x, 20.0);
  return normal_distribution(c) + c * (INVERSE_ROOT_2_PI * exp(-0.5 * c * c));
}
