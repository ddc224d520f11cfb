// with: elementwise/number
// Reads an integer of 32 bits.

const SOURCE_SIGNED: bool = true;  // i32; false for u32

fn decode(bits: u32) -> Number {
  let negative = select(0, bits >> 31, SOURCE_SIGNED);
  return Number(negative, select(bits, 0 - bits, negative == 1), 0);
}
