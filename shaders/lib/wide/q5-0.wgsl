// with: lib/wide-block, lib/packed
// Weights stored as ggml's Q5_0 (lib/weight/q5-0), a block at a time: 32 codes in five words, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;

// The codes of four elements: four bits of each in a word of them, from bit `shift` of each byte on, and the lowest four
// bits of `fifth`.
fn codes_of(word: u32, shift: u32, fifth: u32) -> vec4f {
  let high = (vec4u(fifth) >> vec4u(0, 1, 2, 3)) & vec4u(1);
  return vec4f(((bytes_of(word) >> vec4u(shift)) & vec4u(15)) | (high << vec4u(4)));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let fifth = weight[block * 5];
  let words = vec4u(weight[block * 5 + 1], weight[block * 5 + 2], weight[block * 5 + 3], weight[block * 5 + 4]);
  let scale = half_of(weight_scales[block / 2], block);
  let numbers = array(
    codes_of(words.x, 0, fifth) - 16,
    codes_of(words.y, 0, fifth >> 4) - 16,
    codes_of(words.z, 0, fifth >> 8) - 16,
    codes_of(words.w, 0, fifth >> 12) - 16,
    codes_of(words.x, 4, fifth >> 16) - 16,
    codes_of(words.y, 4, fifth >> 20) - 16,
    codes_of(words.z, 4, fifth >> 24) - 16,
    codes_of(words.w, 4, fifth >> 28) - 16,
  );
  return Wide(numbers, scale);
}
