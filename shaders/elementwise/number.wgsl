// A number of any element type, exactly:  (-1)^negative · significand · 2^exponent
//
// Everything is done in integers, because WGSL leaves open how its own conversions round and whether subnormals and
// NaN survive them; these results are the same on every adapter.

struct Number { negative: u32, significand: u32, exponent: i32 }

const INFINITE: i32 = 1000;      // exponents that no finite number has
const NOT_A_NUMBER: i32 = 2000;

fn is_not_a_number(number: Number) -> bool {
  return number.exponent == NOT_A_NUMBER;
}

// The exponent of the leading bit; the significand must not be 0.
fn leading_exponent(number: Number) -> i32 {
  return number.exponent + 31 - i32(countLeadingZeros(number.significand));
}
