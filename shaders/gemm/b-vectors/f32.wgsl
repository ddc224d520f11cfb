// Four consecutive elements of b, stored as f32, in one load. The index is that of the first, a multiple of 4.

@group(0) @binding(1) var<storage, read> b: array<vec4f>;

fn load_b4(index: u32) -> vec4f {
  return b[index / 4];
}
