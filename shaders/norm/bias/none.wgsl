// No bias.

fn load_bias(i: u32) -> Vector {
  return Vector();
}
