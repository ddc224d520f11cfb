// with: lib/products, lib/touch/vectors
// Weights stored as MXFP4 (lib/weight/mxfp4), a block at a time: 32 codes in 16 bytes, and the exponent of a power of
// two.
//
// Twice the number of a code is whole. The power of two is applied in two halves, neither of which is subnormal, where
// the whole may be.

@group(0) @binding(1) var<storage, read> weight: array<vec4u>;
@group(3) @binding(0) var<storage, read> weight_scales: array<u32>;

const WIDE: u32 = 32;
const QUADS: u32 = WIDE / 4;
struct Wide { numbers: array<vec4f, QUADS>, halves: vec2f }

// Twice the numbers of codes in the lowest 16 bits.
fn twice_the_numbers(codes: u32) -> vec4f {
  let nibbles = vec4u(codes, codes >> 4, codes >> 8, codes >> 12);
  let exponent = (nibbles >> vec4u(1)) & vec4u(3);
  let leading = select(vec4u(2), vec4u(0), exponent == vec4u(0));
  let magnitude = (leading | (nibbles & vec4u(1))) << (max(exponent, vec4u(1)) - 1);
  return bitcast<vec4f>(bitcast<vec4u>(vec4f(magnitude)) | ((nibbles & vec4u(8)) << vec4u(28)));
}

// 2 to the power of exponent - 128 as the product of two numbers; NaN for the exponent 255.
fn halves_of(exponent: u32) -> vec2f {
  let first = exponent / 2;
  let halves = bitcast<vec2f>(vec2u(first + 63, exponent - first + 63) << vec2u(23));
  return select(halves, bitcast<vec2f>(vec2u(0x7fc00000u | (exponent & 0))), exponent == 255);
}

fn load_wide(row: u32, i: u32) -> Wide {
  let block = row * (weight_columns() / WIDE) + i;
  let words = weight[block];
  let numbers = array(
    twice_the_numbers(words.x),
    twice_the_numbers(words.x >> 16),
    twice_the_numbers(words.y),
    twice_the_numbers(words.y >> 16),
    twice_the_numbers(words.z),
    twice_the_numbers(words.z >> 16),
    twice_the_numbers(words.w),
    twice_the_numbers(words.w >> 16),
  );
  return Wide(numbers, halves_of((weight_scales[block / 4] >> (block % 4 * 8)) & 0xff));
}

fn add_wide(x: array<vec4f, QUADS>, w: Wide, sum: f32) -> f32 {
  var block = 0.0;
  for (var q = 0u; q < QUADS; q++) { block = add_dot(x[q], w.numbers[q], block); }
  return fma(w.halves.y, w.halves.x * block, sum);
}
