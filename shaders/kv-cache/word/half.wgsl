// with: elementwise/from/float, elementwise/to/float
// A cache of f16 or bf16, as RESULT_FRACTION and RESULT_BIAS say: a word is two elements, rounded to nearest, ties to
// even. WGSL leaves the rounding of its own conversions to the device.

alias Word = u32;
const PACKED: u32 = 2;  // elements in a word

// The word of the cache that holds k[i] and k[i + 1]; likewise of v.
fn word_of_k(i: u32) -> Word {
  return half(k[i]) | (half(k[i + 1]) << 16);
}

fn word_of_v(i: u32) -> Word {
  return half(v[i]) | (half(v[i + 1]) << 16);
}

fn half(x: f32) -> u32 {
  return encode(decode(bitcast<u32>(x)));
}
