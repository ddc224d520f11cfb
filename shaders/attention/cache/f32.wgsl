// Keys and values stored as f32, four to a vector. `row` is the first element of a row, as the address part gives it,
// and i counts the row's vectors of four.

@group(0) @binding(1) var<storage, read> k: array<vec4f>;  // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;  // [b, g, s, dv]

fn load_k4(row: u32, i: u32) -> vec4f {
  return k[row / 4 + i];
}

fn load_v4(row: u32, i: u32) -> vec4f {
  return v[row / 4 + i];
}
