// Weights stored as f16, held as two to a u32, for devices without shader-f16. The kernel defines weight_columns(), the
// length of a row in elements. load_weight takes any row and column: where rows are odd, every second one begins in the
// upper half of a u32. load_weight4 takes k in elements, a multiple of 4, and needs rows of a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<vec2u>;

fn load_weight(row: u32, k: u32) -> f32 {
  let i = row * weight_columns() + k;
  return unpack2x16float(weight[i / 4][i / 2 % 2])[i % 2];
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  let pairs = weight[row * (weight_columns() / 4) + k / 4];
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
