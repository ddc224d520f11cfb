// No bias: the default, which TypeScript replaces by lib/bias/vector where there is a bias.

fn bias_at(column: u32) -> f32 {
  return 0.0;
}
