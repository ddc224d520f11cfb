// with: sampling/order
// The key of a logit. Unchecked, NaN counts as −∞. CHECKED, NaN and infinities are above all others, so that one is
// enough to be found; RESTRICTED, −∞ is a token that may not come next, and stays below.

const CHECKED: bool = false;
const RESTRICTED: bool = false;

fn checked_key(logit: f32) -> u32 {
  let bits = bitcast<u32>(logit);
  let is_number = (bits & 0x7f800000) != 0x7f800000 || (RESTRICTED && bits == 0xff800000);
  return select(order_key(logit), NOT_FINITE, CHECKED && !is_number);
}
