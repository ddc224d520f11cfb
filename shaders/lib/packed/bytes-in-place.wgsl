// Codes in the bytes of a word as numbers where they lie in it. With the exponent of 2²³ above it, a code is 2²³ plus
// itself times 1, 2⁸ or 2¹⁶, all exact: so it costs a mask and a subtraction. The sum undoes the factor. The part that
// joins this defines CODE, the bits of a byte that are the code, at most the lower seven.

const CODE_MASKS = vec4u(CODE, CODE << 8, CODE << 16, CODE << 16);  // the last byte is shifted to the third
const CODE_FACTORS = vec4f(1, 256, 65536, 65536);
const CODE_DIVISORS = 1 / CODE_FACTORS;
const EXPONENT_OF_2_23: u32 = 0x4b000000;

// The codes in a word, less `centre`, times CODE_FACTORS.
fn bytes_in_place(word: u32, centre: f32) -> vec4f {
  let codes = vec4u(word, word, word, word >> 8) & CODE_MASKS;
  return bitcast<vec4f>(codes | vec4u(EXPONENT_OF_2_23)) - (8388608 + centre * CODE_FACTORS);
}

// The sum of products with such numbers.
fn sum_in_place(products: vec4f) -> f32 {
  let scaled = products * CODE_DIVISORS;
  return (scaled.x + scaled.y) + (scaled.z + scaled.w);
}
