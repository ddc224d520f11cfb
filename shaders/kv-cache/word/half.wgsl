// with: elementwise/from/float, elementwise/to/float
// A cache of f16 or bf16, as RESULT_FRACTION and RESULT_BIAS say: a word is two elements, rounded to nearest, ties to
// even. WGSL leaves the rounding of its own conversions to the device.

alias Word = u32;
const PACKED: u32 = 2;  // elements in a word

fn word_of(elements: array<f32, PACKED>) -> Word {
  return half(elements[0]) | (half(elements[1]) << 16);
}

fn half(x: f32) -> u32 {
  return encode(decode(bitcast<u32>(x)));
}
