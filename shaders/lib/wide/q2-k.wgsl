// with: lib/packed/wide-offset-codes, lib/packed/codes, lib/touch/vectors
// Weights stored as ggml's Q2_K (lib/weight/q2-k), an eighth of a block at a time: 32 codes in two bits of 32 bytes,
// and their two scales and minima. Twice as many, with four groups to scale, take three times as long or more on
// llvmpipe.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const GROUP: u32 = 16;
const CODE: u32 = 0x3;

// The codes of four elements, less 2, in a word of them, from bit `shift` of each byte on.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return bytes_in_place(word >> shift, 2);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let low = weight[block * 4 + i % 8 / 4 * 2];
  let high = weight[block * 4 + i % 8 / 4 * 2 + 1];
  let shift = i % 4 * 2;
  let both = bytes_of(weight_scales[block * 5 + i % 8 / 2] >> (i % 2 * 16)).xy;
  let factors = unpack2x16float(weight_scales[block * 5 + 4]);
  let scales = factors.x * vec2f(both & vec2u(15));
  let offsets = 2 * scales - factors.y * vec2f((both >> vec2u(4)) & vec2u(15));
  let codes = array(
    codes_of(low.x, shift),
    codes_of(low.y, shift),
    codes_of(low.z, shift),
    codes_of(low.w, shift),
    codes_of(high.x, shift),
    codes_of(high.y, shift),
    codes_of(high.z, shift),
    codes_of(high.w, shift),
  );
  return Wide(codes, array(scales.x, scales.y), array(offsets.x, offsets.y));
}
