// Keys and values stored as f16, two to a u32, for devices without shader-f16. `row` is the first element of a row, as
// the address part gives it, and i counts the row's vectors of four.

@group(0) @binding(1) var<storage, read> k: array<vec2u>;  // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec2u>;  // [b, g, s, dv]

fn load_k4(row: u32, i: u32) -> vec4f {
  let pairs = k[row / 4 + i];
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}

fn load_v4(row: u32, i: u32) -> vec4f {
  let pairs = v[row / 4 + i];
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
