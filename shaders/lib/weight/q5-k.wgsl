// with: lib/packed/codes, lib/packed/six-bit-steps
// Weights stored as ggml's Q5_K: blocks of 256 codes of five bits: 32 bytes of their fifth bits, those of every 32nd
// element in one byte, then the others, of each 64 the first 32 in the lower halves of 32 bytes and the others in the
// upper ones; and for each block a vec4u: two numbers of f16, and eight scales and minima of six bits:  code · scale -
// minimum. The kernel defines weight_columns(), the length of a row in elements, a multiple of 256. load_weight4 takes
// k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 256;
  let group = k % 256 / 32;
  let fifth = bytes_of(weight[block * 40 + k % 32 / 4] >> group) & vec4u(1);
  let codes = bytes_of(weight[block * 40 + 8 + group / 2 * 8 + k % 32 / 4] >> (group % 2 * 4)) & vec4u(15);
  let step = six_bit_steps(weight_scales[block], group);
  return vec4f(codes | (fifth << vec4u(4))) * step.x - step.y;
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
