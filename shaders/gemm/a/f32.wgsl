// Elements of a, stored as f32.

@group(0) @binding(0) var<storage, read> a: array<f32>;

fn load_a(index: u32) -> f32 {
  return a[index];
}
