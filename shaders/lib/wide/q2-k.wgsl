// with: lib/wide-offset-codes, lib/packed, lib/touch/vectors
// Weights stored as ggml's Q2_K (lib/weight/q2-k), a quarter of a block at a time: 64 codes in four bits of 32 bytes, and
// their four scales and minima.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 64;
const GROUP: u32 = 16;
const CODE: u32 = 0x3;

// The codes of four elements, less 2, in a word of them, from bit `shift` of each byte on.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return bytes_in_place(word >> shift, 2);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 4;
  let low = weight[block * 4 + i % 4 / 2 * 2];
  let high = weight[block * 4 + i % 4 / 2 * 2 + 1];
  let shift = i % 2 * 4;
  let both = bytes_of(weight_scales[block * 5 + i % 4]);
  let factors = unpack2x16float(weight_scales[block * 5 + 4]);
  let scales = factors.x * vec4f(both & vec4u(15));
  let offsets = 2 * scales - factors.y * vec4f((both >> vec4u(4)) & vec4u(15));
  let codes = array(
    codes_of(low.x, shift),
    codes_of(low.y, shift),
    codes_of(low.z, shift),
    codes_of(low.w, shift),
    codes_of(high.x, shift),
    codes_of(high.y, shift),
    codes_of(high.z, shift),
    codes_of(high.w, shift),
    codes_of(low.x, shift + 2),
    codes_of(low.y, shift + 2),
    codes_of(low.z, shift + 2),
    codes_of(low.w, shift + 2),
    codes_of(high.x, shift + 2),
    codes_of(high.y, shift + 2),
    codes_of(high.z, shift + 2),
    codes_of(high.w, shift + 2),
  );
  return Wide(codes, array(scales.x, scales.y, scales.z, scales.w), array(offsets.x, offsets.y, offsets.z, offsets.w));
}
