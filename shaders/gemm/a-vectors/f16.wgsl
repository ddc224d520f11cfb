// Four consecutive elements of a, stored as f16, in one load of 8 bytes. The index is that of the first, a multiple of
// 4.

@group(0) @binding(0) var<storage, read> a: array<vec2u>;

fn load_a4(index: u32) -> vec4f {
  let pairs = a[index / 4];
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
