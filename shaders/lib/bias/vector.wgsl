// A bias for each output column.

@group(0) @binding(4) var<storage, read> bias: array<f32>;  // [total]

fn bias_at(column: u32) -> f32 {
  return bias[column];
}
