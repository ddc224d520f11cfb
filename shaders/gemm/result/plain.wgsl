// A result takes the place of what y has.

fn store_result(i: u32, value: f32) {
  y[i] = value;
}
