// with: sampling/order
// As check/on, but −∞ is a token that may not come next: NaN and +∞ are above all others.

fn checked_key(logit: f32) -> u32 {
  let is_number = (bitcast<u32>(logit) & 0x7f800000) != 0x7f800000 || bitcast<u32>(logit) == 0xff800000;
  return select(NOT_FINITE, order_key(logit), is_number);
}
