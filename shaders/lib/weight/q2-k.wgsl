// with: lib/packed/codes
// Weights stored as ggml's Q2_K: blocks of 256 codes of two bits, those of every 32nd of 128 elements in one byte, and
// for each block five u32: sixteen bytes, one for each 16 elements, with a scale in the lower half and a minimum in the
// upper one, and two numbers of f16 that multiply them:  code · scale - minimum. The kernel defines weight_columns(),
// the length of a row in elements, a multiple of 256. load_weight4 takes k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 256;
  let codes = bytes_of(weight[block * 16 + k % 256 / 128 * 8 + k % 32 / 4] >> (k % 128 / 32 * 2)) & vec4u(3);
  let both = weight_scales[block * 5 + k % 256 / 64] >> (k % 64 / 16 * 8);
  let step = unpack2x16float(weight_scales[block * 5 + 4]) * vec2f((vec2u(both, both >> 4)) & vec2u(15));
  return vec4f(codes) * step.x - step.y;
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
