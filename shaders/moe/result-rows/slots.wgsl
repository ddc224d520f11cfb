// Results lie in the order of their slots.

const EXPERTS: u32 = 8;

@group(0) @binding(1) var<storage, read> experts: array<u32>;  // [tokens, CHOICES], from EXPERTS on none

fn result_row(slot: u32) -> u32 {
  return select(NO_INDEX, slot, experts[slot] < EXPERTS);
}
