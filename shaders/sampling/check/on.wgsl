// with: sampling/order
// A logit that is NaN or infinite is above all others, so that one is enough to be found.

fn checked_key(logit: f32) -> u32 {
  let is_finite = (bitcast<u32>(logit) & 0x7f800000) != 0x7f800000;
  return select(NOT_FINITE, order_key(logit), is_finite);
}
