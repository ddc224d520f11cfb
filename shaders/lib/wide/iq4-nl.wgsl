// with: lib/packed/wide-block, lib/packed/codes, lib/packed/iq4-numbers, lib/touch/vectors
// Weights stored as ggml's IQ4_NL (lib/weight/iq4-nl), a block at a time: 32 codes in 16 bytes, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;

// The numbers of four elements in a word of codes, from bit `shift` of each byte on.
fn numbers_of(word: u32, shift: u32) -> vec4f {
  return iq4_numbers((bytes_of(word) >> vec4u(shift)) & vec4u(15));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let scale = half_of(weight_scales[block / 2], block);
  let numbers = array(
    numbers_of(words.x, 0),
    numbers_of(words.y, 0),
    numbers_of(words.z, 0),
    numbers_of(words.w, 0),
    numbers_of(words.x, 4),
    numbers_of(words.y, 4),
    numbers_of(words.z, 4),
    numbers_of(words.w, 4),
  );
  return Wide(numbers, scale);
}
