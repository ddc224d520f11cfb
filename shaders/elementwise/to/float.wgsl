// with: elementwise/number
// Writes a float of RESULT_FRACTION stored fraction bits, rounded to nearest, ties to even: f32 by default.

const RESULT_FRACTION: u32 = 23;  // 10 for f16, 7 for bf16
const RESULT_BIAS: i32 = 127;     // 15 for f16

fn encode(number: Number) -> u32 {
  let infinity = u32(2 * RESULT_BIAS + 1) << RESULT_FRACTION;
  if (is_not_a_number(number)) { return infinity | (1u << (RESULT_FRACTION - 1)); }
  let sign = number.negative << (RESULT_FRACTION + firstLeadingBit(u32(2 * RESULT_BIAS + 1)) + 1);
  if (number.significand == 0) { return sign; }
  let leading = leading_exponent(number);
  if (leading > RESULT_BIAS) { return sign | infinity; }

  // The result counts in units of its last place; below the least normal number that place stays where it is.
  let unit = max(leading, 1 - RESULT_BIAS) - i32(RESULT_FRACTION);
  let dropped = unit - number.exponent;  // bits of the significand below that place
  var count = 0u;
  if (dropped <= 0) {
    count = number.significand << u32(-dropped);
  } else if (dropped < 32) {
    count = number.significand >> u32(dropped);
    let rest = number.significand - (count << u32(dropped));
    let half = 1u << u32(dropped - 1);
    if (rest > half || (rest == half && count % 2 == 1)) { count++; }
  }
  // The hidden bit of count adds 1 to the exponent field, and so does a carry out of the fraction.
  return sign | ((u32(unit + i32(RESULT_FRACTION) + RESULT_BIAS - 1) << RESULT_FRACTION) + count);
}
