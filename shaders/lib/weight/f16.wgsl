enable f16;
// Weights stored as f16, four to a vector, on devices with shader-f16. The kernel defines weight_columns(), the length
// of a row in elements. load_weight takes any row and column. load_weight4 takes k in elements, a multiple of 4, and
// needs rows of a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<vec4<f16>>;

fn load_weight(row: u32, k: u32) -> f32 {
  let i = row * weight_columns() + k;
  return f32(weight[i / 4][i % 4]);
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  return vec4f(weight[row * (weight_columns() / 4) + k / 4]);
}
