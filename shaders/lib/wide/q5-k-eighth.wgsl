// with: lib/packed/wide-offset-codes, lib/packed/six-bit-steps, lib/touch/vectors
// As lib/wide/q5-k, an eighth of a block at a time: for several rows of x, which take many registers.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 32;
const GROUP: u32 = 32;
const CODE: u32 = 0x1f;

// The codes of four elements, less 16: four bits of each in a word, from bit `shift` of each byte on, and a fifth in
// another one, from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, fifth: u32, place: u32) -> vec4f {
  return bytes_in_place(((word >> shift) & 0x0f0f0f0f) | (((fifth >> place) & 0x01010101) << 4), 16);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 8;
  let group = i % 8;
  let shift = group % 2 * 4;
  let low_fifth = weight[block * 10];
  let high_fifth = weight[block * 10 + 1];
  let low = weight[block * 10 + 2 + group / 2 * 2];
  let high = weight[block * 10 + 3 + group / 2 * 2];
  let step = six_bit_steps(weight_scales[block], group);
  let codes = array(
    codes_of(low.x, shift, low_fifth.x, group),
    codes_of(low.y, shift, low_fifth.y, group),
    codes_of(low.z, shift, low_fifth.z, group),
    codes_of(low.w, shift, low_fifth.w, group),
    codes_of(high.x, shift, high_fifth.x, group),
    codes_of(high.y, shift, high_fifth.y, group),
    codes_of(high.z, shift, high_fifth.z, group),
    codes_of(high.w, shift, high_fifth.w, group),
  );
  return Wide(codes, array(step.x), array(fma(16, step.x, -step.y)));
}
