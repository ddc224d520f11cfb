// with: lib/packed/wide-offset-codes, lib/packed/six-bit-steps, lib/touch/vectors
// Weights stored as ggml's Q5_K (lib/weight/q5-k), a quarter of a block at a time: two groups of 32 codes in the halves
// of 32 bytes, a bit of each in 32 others, and the block's scales.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 64;
const GROUP: u32 = 32;
const CODE: u32 = 0x1f;

// The codes of four elements, less 16: four bits of each in a word, from bit `shift` of each byte on, and a fifth in
// another one, from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, fifth: u32, place: u32) -> vec4f {
  return bytes_in_place(((word >> shift) & 0x0f0f0f0f) | (((fifth >> place) & 0x01010101) << 4), 16);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 4;
  let group = i % 4 * 2;
  let low_fifth = weight[block * 10];
  let high_fifth = weight[block * 10 + 1];
  let low = weight[block * 10 + 2 + group];
  let high = weight[block * 10 + 3 + group];
  let steps = weight_scales[block];
  let first = six_bit_steps(steps, group);
  let second = six_bit_steps(steps, group + 1);
  let codes = array(
    codes_of(low.x, 0, low_fifth.x, group),
    codes_of(low.y, 0, low_fifth.y, group),
    codes_of(low.z, 0, low_fifth.z, group),
    codes_of(low.w, 0, low_fifth.w, group),
    codes_of(high.x, 0, high_fifth.x, group),
    codes_of(high.y, 0, high_fifth.y, group),
    codes_of(high.z, 0, high_fifth.z, group),
    codes_of(high.w, 0, high_fifth.w, group),
    codes_of(low.x, 4, low_fifth.x, group + 1),
    codes_of(low.y, 4, low_fifth.y, group + 1),
    codes_of(low.z, 4, low_fifth.z, group + 1),
    codes_of(low.w, 4, low_fifth.w, group + 1),
    codes_of(high.x, 4, high_fifth.x, group + 1),
    codes_of(high.y, 4, high_fifth.y, group + 1),
    codes_of(high.z, 4, high_fifth.z, group + 1),
    codes_of(high.w, 4, high_fifth.w, group + 1),
  );
  return Wide(codes, array(first.x, second.x), array(fma(16, first.x, -first.y), fma(16, second.x, -second.y)));
}
