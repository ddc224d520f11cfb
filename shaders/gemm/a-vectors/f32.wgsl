// Four consecutive elements of a, stored as f32, in one load. The index is that of the first, a multiple of 4.

@group(0) @binding(0) var<storage, read> a: array<vec4f>;

fn load_a4(index: u32) -> vec4f {
  return a[index / 4];
}
