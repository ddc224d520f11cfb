// with: lib/wide-scaled, lib/packed, lib/six-bit-steps
// Weights stored as ggml's Q5_K (lib/weight/q5-k), a quarter of a block at a time: two groups of 32 codes in the halves
// of 32 bytes, a bit of each in 32 others, and the block's scales.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 64;

// The codes of four elements: four bits of each in a word, from bit `shift` of each byte on, and a fifth in another one,
// from bit `place` of each byte on.
fn codes_of(word: u32, shift: u32, fifth: u32, place: u32) -> vec4f {
  let high = (bytes_of(fifth) >> vec4u(place)) & vec4u(1);
  return vec4f(((bytes_of(word) >> vec4u(shift)) & vec4u(15)) | (high << vec4u(4)));
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
  return Wide(
    codes_of(low.x, 0, low_fifth.x, group) * first.x - first.y,
    codes_of(low.y, 0, low_fifth.y, group) * first.x - first.y,
    codes_of(low.z, 0, low_fifth.z, group) * first.x - first.y,
    codes_of(low.w, 0, low_fifth.w, group) * first.x - first.y,
    codes_of(high.x, 0, high_fifth.x, group) * first.x - first.y,
    codes_of(high.y, 0, high_fifth.y, group) * first.x - first.y,
    codes_of(high.z, 0, high_fifth.z, group) * first.x - first.y,
    codes_of(high.w, 0, high_fifth.w, group) * first.x - first.y,
    codes_of(low.x, 4, low_fifth.x, group + 1) * second.x - second.y,
    codes_of(low.y, 4, low_fifth.y, group + 1) * second.x - second.y,
    codes_of(low.z, 4, low_fifth.z, group + 1) * second.x - second.y,
    codes_of(low.w, 4, low_fifth.w, group + 1) * second.x - second.y,
    codes_of(high.x, 4, high_fifth.x, group + 1) * second.x - second.y,
    codes_of(high.y, 4, high_fifth.y, group + 1) * second.x - second.y,
    codes_of(high.z, 4, high_fifth.z, group + 1) * second.x - second.y,
    codes_of(high.w, 4, high_fifth.w, group + 1) * second.x - second.y,
  );
}
