// with: lib/wide-codes, lib/packed, lib/touch/vectors
// Weights stored as ggml's Q6_K (lib/weight/q6-k), a quarter of a block at a time: the lower four bits of 64 codes in
// the halves of 64 bytes, the upper two in 32 others, and four of the block's scales.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 64;
const GROUP: u32 = 16;
const CODE: u32 = 0x3f;

// The codes of four elements, less 32: four bits of each in a word, from bit `shift` of each byte on, and two in another
// one, from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, upper: u32, place: u32) -> vec4f {
  return bytes_in_place(((word >> shift) & 0x0f0f0f0f) | (((upper >> place) & 0x03030303) << 4), 32);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 4;
  let first = block * 12 + i % 4 / 2 * 4;
  let half = i % 2;
  let place = half * 4;
  let low_a = weight[first];
  let low_b = weight[first + 1];
  let low_c = weight[first + 2];
  let low_d = weight[first + 3];
  let high_a = weight[block * 12 + 8 + i % 4 / 2 * 2];
  let high_b = weight[block * 12 + 9 + i % 4 / 2 * 2];
  let own = vec4f(bitcast<vec4i>(bytes_of(weight_scales[block * 5 + i % 4]) << vec4u(24)) >> vec4u(24));
  let steps = half_of(weight_scales[block * 5 + 4], 0) * own;
  let codes = array(
    codes_of(low_a.x, half * 4, high_a.x, place),
    codes_of(low_a.y, half * 4, high_a.y, place),
    codes_of(low_a.z, half * 4, high_a.z, place),
    codes_of(low_a.w, half * 4, high_a.w, place),
    codes_of(low_b.x, half * 4, high_b.x, place),
    codes_of(low_b.y, half * 4, high_b.y, place),
    codes_of(low_b.z, half * 4, high_b.z, place),
    codes_of(low_b.w, half * 4, high_b.w, place),
    codes_of(low_c.x, half * 4, high_a.x, place + 2),
    codes_of(low_c.y, half * 4, high_a.y, place + 2),
    codes_of(low_c.z, half * 4, high_a.z, place + 2),
    codes_of(low_c.w, half * 4, high_a.w, place + 2),
    codes_of(low_d.x, half * 4, high_b.x, place + 2),
    codes_of(low_d.y, half * 4, high_b.y, place + 2),
    codes_of(low_d.z, half * 4, high_b.z, place + 2),
    codes_of(low_d.w, half * 4, high_b.w, place + 2),
  );
  return Wide(codes, array(steps.x, steps.y, steps.z, steps.w));
}
