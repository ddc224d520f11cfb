// The rotation by an angle.

fn sine_of(angle: vec2f) -> f32 {
  return angle.y;
}
