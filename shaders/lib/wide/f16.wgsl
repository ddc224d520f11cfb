// with: lib/products, lib/touch/vectors
// Weights stored as f16, 16 bytes at a time: eight elements, two to a u32. No feature is needed.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;

const WIDE: u32 = 8;
const QUADS: u32 = WIDE / 4;
alias Wide = array<vec4f, QUADS>;

fn load_wide(row: u32, i: u32) -> Wide {
  let pairs = weight[row * (weight_columns() / WIDE) + i];
  return Wide(
    vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y)),
    vec4f(unpack2x16float(pairs.z), unpack2x16float(pairs.w)),
  );
}

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  return add_dot(x[1], w[1], add_dot(x[0], w[0], sum));
}
