// with: lib/products, lib/touch/floats
// Weights stored as f32, 16 bytes at a time: four elements.

@group(0) @binding(1) var<storage, read> weight: array<vec4f>;

const WIDE: u32 = 4;
const QUADS: u32 = WIDE / 4;
alias Wide = vec4f;

fn load_wide(row: u32, i: u32) -> Wide {
  return weight[row * (weight_columns() / WIDE) + i];
}

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  return add_dot(x[0], w, sum);
}
