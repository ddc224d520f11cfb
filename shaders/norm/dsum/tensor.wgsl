// The rows that were normed are a sum that continues as the residual stream. Its gradient is added to that of the norm.

@group(0) @binding(4) var<storage, read> dsum: array<Vector>;  // [rows, cols]

fn load_dsum(i: u32) -> Vector {
  return dsum[i];
}
