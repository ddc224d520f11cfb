// with: lib/packed/wide-offset-codes, lib/touch/vectors
// Weights stored as ggml's Q4_1 (lib/weight/q4-1), a block at a time: 32 codes in 16 bytes, a scale and a minimum.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const GROUP: u32 = 32;
const CODE: u32 = 0xf;

// The codes of four elements, less 8, in the lower halves of a word's bytes.
fn codes_of(word: u32) -> vec4f {
  return bytes_in_place(word, 8);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let step = unpack2x16float(weight_scales[block]);
  let codes = array(
    codes_of(words.x),
    codes_of(words.y),
    codes_of(words.z),
    codes_of(words.w),
    codes_of(words.x >> 4),
    codes_of(words.y >> 4),
    codes_of(words.z >> 4),
    codes_of(words.w >> 4),
  );
  return Wide(codes, array(step.x), array(fma(8, step.x, step.y)));
}
