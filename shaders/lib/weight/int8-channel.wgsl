// with: lib/packed/codes
// Weights stored as signed bytes, four to a u32, the first in the lowest bits, and a scale for each row:  byte · scale.
// The kernel defines weight_columns(), the length of a row in elements, a multiple of 4. load_weight4 takes k in
// elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<f32>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let bytes = bytes_of(weight[row * (weight_columns() / 4) + k / 4]);
  return vec4f(bitcast<vec4i>(bytes << vec4u(24)) >> vec4u(24)) * weight_scales[row];
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
