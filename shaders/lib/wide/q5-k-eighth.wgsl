// with: lib/wide-scaled, lib/packed, lib/six-bit-steps
// As lib/wide/q5-k, an eighth of a block at a time: for several rows of x, which take many registers.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 32;

// The codes of four elements: four bits of each in a word, from bit `shift` of each byte on, and a fifth in another one,
// from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, fifth: u32, place: u32) -> vec4f {
  let high = (bytes_of(fifth) >> vec4u(place)) & vec4u(1);
  return vec4f(((bytes_of(word) >> vec4u(shift)) & vec4u(15)) | (high << vec4u(4)));
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
  return Wide(
    codes_of(low.x, shift, low_fifth.x, group) * step.x - step.y,
    codes_of(low.y, shift, low_fifth.y, group) * step.x - step.y,
    codes_of(low.z, shift, low_fifth.z, group) * step.x - step.y,
    codes_of(low.w, shift, low_fifth.w, group) * step.x - step.y,
    codes_of(high.x, shift, high_fifth.x, group) * step.x - step.y,
    codes_of(high.y, shift, high_fifth.y, group) * step.x - step.y,
    codes_of(high.z, shift, high_fifth.z, group) * step.x - step.y,
    codes_of(high.w, shift, high_fifth.w, group) * step.x - step.y,
  );
}
