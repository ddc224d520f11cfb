// The slots of a token add up to one row of the result, each by its weight, in their order.

const ROW_SLOTS = CHOICES;  // that add up to a row of the result

@group(0) @binding(6) var<storage, read> weights: array<f32>;  // [tokens, CHOICES]

fn row_of(slot: u32) -> u32 {
  return slot;
}

fn share_of(slot: u32) -> f32 {
  return weights[slot];
}

// All, 0 for a token without experts. The weight must be in one segment.
fn is_stored(row: u32, column: u32) -> bool {
  return true;
}
