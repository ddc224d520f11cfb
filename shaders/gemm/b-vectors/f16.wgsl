// Four consecutive elements of b, stored as f16, in one load of 8 bytes. The index is that of the first, a multiple of
// 4.

@group(0) @binding(1) var<storage, read> b: array<vec2u>;

fn load_b4(index: u32) -> vec4f {
  let pairs = b[index / 4];
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
