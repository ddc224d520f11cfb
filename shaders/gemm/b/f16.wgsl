// Elements of b, stored as f16, two to a u32: half the bytes, on every device. Loaded values are f32 at once, and
// sums are f32: only the stored values are rounded.

@group(0) @binding(1) var<storage, read> b: array<u32>;

fn load_b(index: u32) -> f32 {
  return unpack2x16float(b[index / 2])[index % 2];
}
