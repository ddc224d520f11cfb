// with: lib/wide-block, lib/packed
// Weights stored as ggml's Q4_0 (lib/weight/q4-0), a block at a time: 32 codes in 16 bytes, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;

// The codes of four elements in a word of them, from bit `shift` of each byte on, as numbers.
fn codes_of(word: u32, shift: u32) -> vec4f {
  return vec4f((bytes_of(word) >> vec4u(shift)) & vec4u(15));
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let scale = half_of(weight_scales[block / 2], block);
  let numbers = array(
    codes_of(words.x, 0) - 8,
    codes_of(words.y, 0) - 8,
    codes_of(words.z, 0) - 8,
    codes_of(words.w, 0) - 8,
    codes_of(words.x, 4) - 8,
    codes_of(words.y, 4) - 8,
    codes_of(words.z, 4) - 8,
    codes_of(words.w, 4) - 8,
  );
  return Wide(numbers, scale);
}
