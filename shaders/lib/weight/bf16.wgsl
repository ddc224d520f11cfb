// Weights stored as bf16, the upper half of an f32, held as two to a u32. Exact, and no feature is needed. The kernel
// defines weight_columns(), the length of a row in elements. load_weight takes any row and column: where rows are odd,
// every second one begins in the upper half of a u32. load_weight4 takes k in elements, a multiple of 4, and needs rows
// of a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<vec2u>;

const UPPER_HALF: u32 = 0xffff0000u;

fn load_weight(row: u32, k: u32) -> f32 {
  let i = row * weight_columns() + k;
  let pair = weight[i / 4][i / 2 % 2];
  return bitcast<f32>(select(pair << 16, pair & UPPER_HALF, i % 2 == 1));
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  let pairs = weight[row * (weight_columns() / 4) + k / 4];
  return bitcast<vec4f>(vec4u(pairs.x << 16, pairs.x & UPPER_HALF, pairs.y << 16, pairs.y & UPPER_HALF));
}
