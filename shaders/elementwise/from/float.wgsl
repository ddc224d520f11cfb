// with: elementwise/number
// Reads a float of SOURCE_FRACTION stored fraction bits: f32 by default.

const SOURCE_FRACTION: u32 = 23;  // 10 for f16, 7 for bf16
const SOURCE_BIAS: i32 = 127;     // 15 for f16

fn decode(bits: u32) -> Number {
  let exponent_bits = firstLeadingBit(u32(2 * SOURCE_BIAS + 1)) + 1;
  let negative = (bits >> (SOURCE_FRACTION + exponent_bits)) & 1;
  let biased = i32((bits >> SOURCE_FRACTION) & ((1u << exponent_bits) - 1));
  let fraction = bits & ((1u << SOURCE_FRACTION) - 1);
  if (biased == 2 * SOURCE_BIAS + 1) {
    return Number(negative, 1, select(INFINITE, NOT_A_NUMBER, fraction != 0));
  }
  let hidden = select(1u << SOURCE_FRACTION, 0, biased == 0);  // subnormals have no hidden bit
  return Number(negative, fraction | hidden, max(biased, 1) - SOURCE_BIAS - i32(SOURCE_FRACTION));
}
