// Keys and values stored as bf16, the upper half of an f32, two to a u32: exact, and no feature is needed. `row` is the
// first element of a row, as the address part gives it, and i counts the row's vectors of four.

@group(0) @binding(1) var<storage, read> k: array<vec2u>;  // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec2u>;  // [b, g, s, dv]

const UPPER_HALF: u32 = 0xffff0000u;

fn from_bf16(pairs: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(pairs.x << 16, pairs.x & UPPER_HALF, pairs.y << 16, pairs.y & UPPER_HALF));
}

fn load_k4(row: u32, i: u32) -> vec4f {
  return from_bf16(k[row / 4 + i]);
}

fn load_v4(row: u32, i: u32) -> vec4f {
  return from_bf16(v[row / 4 + i]);
}
