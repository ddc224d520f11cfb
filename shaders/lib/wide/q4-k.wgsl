// with: lib/packed/wide-offset-codes, lib/packed/six-bit-steps, lib/touch/vectors
// Weights stored as ggml's Q4_K (lib/weight/q4-k), a quarter of a block at a time: two groups of 32 codes in the halves
// of 32 bytes, and the block's scales.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<vec4u>;

const WIDE: u32 = 64;
const GROUP: u32 = 32;
const CODE: u32 = 0xf;

// The codes of four elements, less 8, in the lower halves of a word's bytes.
fn codes_of(word: u32) -> vec4f {
  return bytes_in_place(word, 8);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / 256) + i / 4;
  let group = i % 4 * 2;
  let low = weight[block * 8 + group];
  let high = weight[block * 8 + group + 1];
  let steps = weight_scales[block];
  let first = six_bit_steps(steps, group);
  let second = six_bit_steps(steps, group + 1);
  let codes = array(
    codes_of(low.x),
    codes_of(low.y),
    codes_of(low.z),
    codes_of(low.w),
    codes_of(high.x),
    codes_of(high.y),
    codes_of(high.z),
    codes_of(high.w),
    codes_of(low.x >> 4),
    codes_of(low.y >> 4),
    codes_of(low.z >> 4),
    codes_of(low.w >> 4),
    codes_of(high.x >> 4),
    codes_of(high.y >> 4),
    codes_of(high.z >> 4),
    codes_of(high.w >> 4),
  );
  return Wide(codes, array(first.x, second.x), array(fma(8, first.x, -first.y), fma(8, second.x, -second.y)));
}
