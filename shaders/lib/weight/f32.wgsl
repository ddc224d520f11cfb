// Weights stored as f32, four to a vector. The kernel defines weight_columns(), the length of a row in elements.
// load_weight takes any row and column. load_weight4 gives four values from k on; k and the length of rows are
// multiples of 4.

@group(0) @binding(1) var<storage, read> weight: array<vec4f>;

fn load_weight(row: u32, k: u32) -> f32 {
  let i = row * weight_columns() + k;
  return weight[i / 4][i % 4];
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  return weight[row * (weight_columns() / 4) + k / 4];
}
