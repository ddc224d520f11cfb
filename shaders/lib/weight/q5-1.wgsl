// with: lib/packed/codes
// Weights stored as ggml's Q5_1: blocks of 32 codes of five bits: a u32 of their fifth bits, then the others, of which
// elements i and i + 16 share a byte, the first of them in its lower half; and for each block a scale and a minimum of
// f16, together a u32:  code · scale + minimum. The kernel defines weight_columns(), the length of a row in elements, a
// multiple of 32. load_weight4 takes k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 32;
  let fifth = (vec4u(weight[block * 5] >> (k % 32)) >> vec4u(0, 1, 2, 3)) & vec4u(1);
  let codes = (bytes_of(weight[block * 5 + 1 + k % 16 / 4] >> (k % 32 / 16 * 4)) & vec4u(15)) | (fifth << vec4u(4));
  let step = unpack2x16float(weight_scales[block]);
  return vec4f(codes) * step.x + step.y;
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
