// A bias for each output of each expert; `row` is that of the weight, a multiple of 4.

@group(0) @binding(4) var<storage, read> bias: array<vec4f>;  // [e · n / 4]

fn bias4(row: u32) -> vec4f {
  return bias[row / 4];
}
