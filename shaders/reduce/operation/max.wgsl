// with: lib/numbers/is-nan
// Largest element, or NaN where one is: WGSL's max may drop it.

fn combine(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, is_nan(b)), a, is_nan(a));
}

fn finish(combined: f32, length: u32) -> f32 {
  return combined;
}
