// A result is added to what y has: of gradients that come together, the later ones.

fn store_result(i: u32, value: f32) {
  y[i] += value;
}
