// Weights stored as MXFP4 (OCP microscaling formats 1.0, section 5.3): blocks of 32 codes of four bits, eight to a u32,
// the first in the lowest bits, and for each block the exponent of a power of two plus 127, four to a u32. The kernel
// defines weight_columns(), the length of a row in elements, a multiple of 32. load_weight4 takes k in elements, a
// multiple of 4.
//
// The bits of an f32 are put together from those of a code and its block's exponent, so that no device rounds or
// flushes what is exact. A code is a sign, two bits of exponent and one of fraction: 0, 0.5, 1, 1.5, 2, 3, 4, 6.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const MXFP4_BLOCK: u32 = 32;
const LEADING_BIT = vec4u(0x800000);

// The four numbers of codes in the lowest 16 bits, times 2 to the power of exponent - 127.
fn from_mxfp4(codes: u32, exponent: u32) -> vec4f {
  let nibbles = vec4u(codes, codes >> 4, codes >> 8, codes >> 12);
  let magnitude = nibbles & vec4u(7);
  // 0.5 is the one subnormal: it has no fraction, and the exponent of a number half as large as 1.
  let fraction = select((magnitude & vec4u(1)) << vec4u(22), vec4u(0), magnitude < vec4u(2));
  let biased = vec4i(i32(exponent) - 1) + vec4i(magnitude >> vec4u(1));
  var bits = (vec4u(clamp(biased, vec4i(0), vec4i(254))) << vec4u(23)) | fraction;
  if (exponent < 2) {  // some are subnormal as f32
    let shift = vec4u(clamp(1 - biased, vec4i(0), vec4i(2)));
    bits = select(bits, (LEADING_BIT | fraction) >> shift, biased < vec4i(1));
  }
  bits = select(bits, vec4u(0), magnitude == vec4u(0));
  return bitcast<vec4f>(bits | ((nibbles & vec4u(8)) << vec4u(28)));
}

fn load_weight4(row: u32, k: u32) -> vec4f {
  let block = row * (weight_columns() / MXFP4_BLOCK) + k / MXFP4_BLOCK;
  let codes = weight[block * 4 + k % MXFP4_BLOCK / 8] >> (k % 8 * 4);
  return from_mxfp4(codes, extractBits(weight_scales[block / 4], block % 4 * 8, 8u));
}

fn load_weight(row: u32, k: u32) -> f32 {
  return load_weight4(row, k - k % 4)[k % 4];
}
