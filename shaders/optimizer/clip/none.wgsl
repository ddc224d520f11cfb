// Gradients as they are.

fn clip_factor() -> f32 {
  return 1.0;
}

fn takes_step() -> bool {
  return true;
}
