// with: lib/packed/wide-codes, lib/packed/codes, lib/touch/vectors
// Weights stored as ggml's Q6_K (lib/weight/q6-k), an eighth of a block at a time: the lower four bits of 32 codes in a
// half of 32 bytes, the upper two in 32 others, and two of the block's scales. Twice as many, with four groups to
// scale, take three times as long or more on llvmpipe.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const GROUP: u32 = 16;
const CODE: u32 = 0x3f;

// The codes of four elements, less 32: four bits of each in a word, from bit `shift` of each byte on, and two in
// another one, from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, upper: u32, place: u32) -> vec4f {
  return bytes_in_place(((word >> shift) & 0x0f0f0f0f) | (((upper >> place) & 0x03030303) << 4), 32);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let half = i % 8 / 4;
  let group = i % 4;
  let low_a = weight[block * 12 + half * 4 + group % 2 * 2];
  let low_b = weight[block * 12 + half * 4 + group % 2 * 2 + 1];
  let high_a = weight[block * 12 + 8 + half * 2];
  let high_b = weight[block * 12 + 9 + half * 2];
  let own = bytes_of(weight_scales[block * 5 + i % 8 / 2] >> (i % 2 * 16)).xy;
  let steps = half_of(weight_scales[block * 5 + 4], 0) * vec2f(bitcast<vec2i>(own << vec2u(24)) >> vec2u(24));
  let codes = array(
    codes_of(low_a.x, group / 2 * 4, high_a.x, group * 2),
    codes_of(low_a.y, group / 2 * 4, high_a.y, group * 2),
    codes_of(low_a.z, group / 2 * 4, high_a.z, group * 2),
    codes_of(low_a.w, group / 2 * 4, high_a.w, group * 2),
    codes_of(low_b.x, group / 2 * 4, high_b.x, group * 2),
    codes_of(low_b.y, group / 2 * 4, high_b.y, group * 2),
    codes_of(low_b.z, group / 2 * 4, high_b.z, group * 2),
    codes_of(low_b.w, group / 2 * 4, high_b.w, group * 2),
  );
  return Wide(codes, array(steps.x, steps.y));
}
