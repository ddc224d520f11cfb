// with: lib/packed/codes
// Weights stored as ggml's Q6_K: blocks of 256 codes of six bits: the lower four, of each 128 elements the first 64 in
// the lower halves of 64 bytes and the others in the upper ones, then the upper two, those of every 32nd of 128
// elements in one byte; and for each block five u32: sixteen signed bytes, one for each 16 elements, and a number of
// f16 that multiplies them:  (code - 32) · scale. The kernel defines weight_columns(), the length of a row in elements,
// a multiple of 256. load_weight4 takes k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 256;
  let half = k % 256 / 128;
  let group = k % 128 / 32;
  let low = bytes_of(weight[block * 48 + half * 16 + group % 2 * 8 + k % 32 / 4] >> (group / 2 * 4)) & vec4u(15);
  let high = bytes_of(weight[block * 48 + 32 + half * 8 + k % 32 / 4] >> (group * 2)) & vec4u(3);
  let own = bitcast<i32>(weight_scales[block * 5 + k % 256 / 64] << (24 - k % 64 / 16 * 8)) >> 24;
  let scale = half_of(weight_scales[block * 5 + 4], 0) * f32(own);
  return (vec4f(low | (high << vec4u(4))) - 32) * scale;
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
