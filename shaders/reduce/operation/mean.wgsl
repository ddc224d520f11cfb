// Mean: the sum over the number of elements.

fn combine(a: f32, b: f32) -> f32 {
  return a + b;
}

fn finish(combined: f32, length: u32) -> f32 {
  return combined / f32(length);
}
