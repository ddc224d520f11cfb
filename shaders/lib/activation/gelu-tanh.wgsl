// with: lib/numbers/sigmoid
// GELU by its tanh approximation:  x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
//
// Written as x · sigmoid(2 …), which is the same, keeps the left tail, and needs no tanh: drivers differ in tanh of
// large arguments. Beyond ±12 the sigmoid is 0 or 1, so the cube is taken of a clamped x and stays finite.

const TWICE_ROOT_2_OVER_PI: f32 = 1.5957691216;

fn activation(x: Vector) -> Vector {
  let c = clamp(x, Vector(-12.0), Vector(12.0));
  return x * sigmoid(TWICE_ROOT_2_OVER_PI * (c + 0.044715 * c * c * c));
}
