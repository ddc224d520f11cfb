// Weights stored as f32. The kernel defines weight_columns(), the length of a row in elements.
// load_weight4 takes k in elements, a multiple of 4, and needs rows of a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<f32>;

fn load_weight(row: u32, k: u32) -> f32 {
  return weight[row * weight_columns() + k];
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  let i = row * weight_columns() + k;
  return vec4f(weight[i], weight[i + 1], weight[i + 2], weight[i + 3]);
}
