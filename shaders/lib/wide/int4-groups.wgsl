// with: lib/packed/wide-block, lib/packed/codes, lib/touch/vectors
// Weights of lib/weight/int4-groups, 32 at a time: their codes in 16 bytes, and the scale and the zero point of their
// group.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const GROUP: u32 = 32; // or 64, 128

// The codes of four elements in a word of them, from bit `shift` of each byte on, less the zero point.
fn numbers_of(word: u32, shift: u32, zero: f32) -> vec4f {
  return vec4f((bytes_of(word) >> vec4u(shift)) & vec4u(15)) - zero;
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let step = unpack2x16float(weight_scales[block / (GROUP / WIDE)]);
  let numbers = array(
    numbers_of(words.x, 0, step.y),
    numbers_of(words.y, 0, step.y),
    numbers_of(words.z, 0, step.y),
    numbers_of(words.w, 0, step.y),
    numbers_of(words.x, 4, step.y),
    numbers_of(words.y, 4, step.y),
    numbers_of(words.z, 4, step.y),
    numbers_of(words.w, 4, step.y),
  );
  return Wide(numbers, step.x);
}
