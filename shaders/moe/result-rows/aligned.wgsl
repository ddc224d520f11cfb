// Results lie where moe/align put their slots.

@group(0) @binding(1) var<storage, read> positions: array<u32>;  // [tokens, CHOICES]

fn result_row(slot: u32) -> u32 {
  return positions[slot];
}
