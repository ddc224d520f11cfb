// with: lib/packed/wide-codes, lib/packed/codes, lib/touch/words
// Weights stored as ggml's Q5_0 (lib/weight/q5-0), a block at a time: 32 codes in five words, and their scale.

@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const GROUP: u32 = 32;
const CODE: u32 = 0x1f;

// Four bits of a number, one in each byte.
fn bits_apart(bits: u32) -> u32 {
  return ((bits & 15) * 0x00204081) & 0x01010101;
}

// The codes of four elements, less 16: four bits of each in the lower halves of a word's bytes, the fifth of all in
// `fifth`.
fn codes_of(word: u32, fifth: u32) -> vec4f {
  return bytes_in_place((word & 0x0f0f0f0f) | (bits_apart(fifth) << 4), 16);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let fifth = weight[block * 5];
  let words = vec4u(weight[block * 5 + 1], weight[block * 5 + 2], weight[block * 5 + 3], weight[block * 5 + 4]);
  let codes = array(
    codes_of(words.x, fifth),
    codes_of(words.y, fifth >> 4),
    codes_of(words.z, fifth >> 8),
    codes_of(words.w, fifth >> 12),
    codes_of(words.x >> 4, fifth >> 16),
    codes_of(words.y >> 4, fifth >> 20),
    codes_of(words.z >> 4, fifth >> 24),
    codes_of(words.w >> 4, fifth >> 28),
  );
  return Wide(codes, array(half_of(weight_scales[block / 2], block)));
}
