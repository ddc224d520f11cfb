// with: elementwise/number
// Writes an integer of 32 bits: the fraction is cut off, numbers out of range become the nearest end, NaN becomes 0.

const RESULT_SIGNED: bool = true;  // i32; false for u32

fn encode(number: Number) -> u32 {
  if (is_not_a_number(number) || number.significand == 0) { return 0; }
  let negative = number.negative == 1;
  if (negative && !RESULT_SIGNED) { return 0; }
  let end = select(0xffffffff, 0x7fffffff + number.negative, RESULT_SIGNED);
  if (leading_exponent(number) >= 32) { return select(end, 0 - end, negative); }
  var magnitude = number.significand;
  if (number.exponent >= 0) { magnitude <<= u32(number.exponent); }
  else if (number.exponent > -32) { magnitude >>= u32(-number.exponent); }
  else { magnitude = 0; }
  magnitude = min(magnitude, end);
  return select(magnitude, 0 - magnitude, negative);
}
