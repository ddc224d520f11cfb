// Elements of b, stored as f32.

@group(0) @binding(1) var<storage, read> b: array<f32>;

fn load_b(index: u32) -> f32 {
  return b[index];
}
