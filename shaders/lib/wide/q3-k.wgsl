// with: lib/packed/wide-codes, lib/packed/six-bit-scale, lib/touch/vectors
// Weights stored as ggml's Q3_K (lib/weight/q3-k), an eighth of a block at a time: two bits of 32 codes in 32 bytes,
// the third in a bit of 32 others, and the block's scales. Twice as many, with four groups to scale, take three times
// as long or more on llvmpipe.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 32;
const GROUP: u32 = 16;
const CODE: u32 = 0x7;

// The codes of four elements, less 4: two bits of each in a word, from bit `shift` of each byte on, and the third in
// another one, from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, third: u32, place: u32) -> vec4f {
  return bytes_in_place(((word >> shift) & 0x03030303) | (((third >> place) & 0x01010101) << 2), 4);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let low_third = weight[block * 6];
  let high_third = weight[block * 6 + 1];
  let low = weight[block * 6 + 2 + i % 8 / 4 * 2];
  let high = weight[block * 6 + 3 + i % 8 / 4 * 2];
  let shift = i % 4 * 2;
  let place = i % 8;
  let steps = weight_scales[block];
  let first = i % 8 * 2;
  let codes = array(
    codes_of(low.x, shift, low_third.x, place),
    codes_of(low.y, shift, low_third.y, place),
    codes_of(low.z, shift, low_third.z, place),
    codes_of(low.w, shift, low_third.w, place),
    codes_of(high.x, shift, high_third.x, place),
    codes_of(high.y, shift, high_third.y, place),
    codes_of(high.z, shift, high_third.z, place),
    codes_of(high.w, shift, high_third.w, place),
  );
  return Wide(codes, array(six_bit_scale(steps, first), six_bit_scale(steps, first + 1)));
}
