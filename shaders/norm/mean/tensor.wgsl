// Rows are centred: layer norm.

@group(0) @binding(5) var<storage, read> means: array<f32>;  // [rows]

fn mean_of(row: u32) -> f32 {
  return means[row];
}
