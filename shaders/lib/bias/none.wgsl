// No bias: the default, in whose place TypeScript puts lib/bias/vector where a bias is given.

fn bias_at(column: u32) -> f32 {
  return 0.0;
}
