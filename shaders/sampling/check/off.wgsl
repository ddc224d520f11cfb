// with: sampling/order
// Logits are taken as they are: NaN counts as −∞.

fn checked_key(logit: f32) -> u32 {
  return order_key(logit);
}
