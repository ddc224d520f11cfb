// with: lib/products, lib/touch/vectors
// Weights stored as bf16, the upper half of an f32, 16 bytes at a time: eight elements, two to a u32. Exact.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;

const WIDE: u32 = 8;
const QUADS: u32 = WIDE / 4;
alias Wide = array<vec4f, QUADS>;

const UPPER_HALVES = vec4u(0xffff0000u);

fn load_wide(row: u32, i: u32) -> Wide {
  let pairs = weight[row * (weight_columns() / WIDE) + i];
  let even = pairs << vec4u(16);
  let odd = pairs & UPPER_HALVES;
  return Wide(
    bitcast<vec4f>(vec4u(even.x, odd.x, even.y, odd.y)),
    bitcast<vec4f>(vec4u(even.z, odd.z, even.w, odd.w)),
  );
}

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  return add_dot(x[1], w[1], add_dot(x[0], w[0], sum));
}
