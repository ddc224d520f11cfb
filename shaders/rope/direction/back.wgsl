// The rotation back, which is the gradient of one forwards.

fn sine_of(angle: vec2f) -> f32 {
  return -angle.y;
}
