// A bias for each column.

@group(0) @binding(6) var<storage, read> bias: array<Vector>;  // [cols]

fn load_bias(i: u32) -> Vector {
  return bias[i];
}
