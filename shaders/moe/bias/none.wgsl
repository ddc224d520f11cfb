// Experts without a bias.

fn bias4(row: u32) -> vec4f {
  return vec4f();
}
