// with: lib/packed
// Weights stored as ggml's IQ4_NL: blocks of 32 codes of four bits, of which elements i and i + 16 share a byte, the
// first of them in its lower half, and for each block a scale of f16, two to a u32. A code stands for one of sixteen
// signed bytes:  byte of code · scale. The kernel defines weight_columns(), the length of a row in elements, a multiple
// of 32. load_weight4 takes k in elements, a multiple of 4.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

// -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89 and 113, four to a word.
const IQ4_NUMBERS = vec4u(0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u);

fn iq4_number(code: u32) -> i32 {
  return bitcast<i32>(IQ4_NUMBERS[code / 4] << (24 - code % 4 * 8)) >> 24;
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = (row * weight_columns() + k) / 32;
  let codes = bytes_of(weight[block * 4 + k % 16 / 4] >> (k % 32 / 16 * 4)) & vec4u(15);
  let bytes = vec4i(iq4_number(codes.x), iq4_number(codes.y), iq4_number(codes.z), iq4_number(codes.w));
  return vec4f(bytes) * half_of(weight_scales[block / 2], block);
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
