// with: lib/packed/codes, lib/packed/six-bit-scale
// Weights stored as ggml's Q3_K: blocks of 256 codes of three bits: 32 bytes of their third bits, those of every 32nd
// element in one byte, then the lower two, those of every 32nd of 128 elements in one byte; and for each block a vec4u:
// sixteen scales of six bits, the lower four in eight bytes and the upper two in four, and a number of f16 that
// multiplies them:  (code - 4) · (scale - 32) · number. The kernel defines weight_columns(), the length of a row in
// elements, a multiple of 256. load_weight4 takes k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 256;
  let third = bytes_of(weight[block * 24 + k % 32 / 4] >> (k % 256 / 32)) & vec4u(1);
  let low = bytes_of(weight[block * 24 + 8 + k % 256 / 128 * 8 + k % 32 / 4] >> (k % 128 / 32 * 2)) & vec4u(3);
  return (vec4f(low | (third << vec4u(2))) - 4) * six_bit_scale(weight_scales[block], k % 256 / 16);
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
