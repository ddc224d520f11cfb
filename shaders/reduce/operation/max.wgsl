// Largest element, or NaN where one is: WGSL's max may drop it, and compilers take a != a to be false.

fn is_not_a_number(a: f32) -> bool {
  return (bitcast<u32>(a) & 0x7fffffff) > 0x7f800000;
}

fn combine(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, is_not_a_number(b)), a, is_not_a_number(a));
}

fn finish(all: f32, length: u32) -> f32 {
  return all;
}
