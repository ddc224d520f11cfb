// Tokens drawn are counted for the penalties of later steps: bits 0 to 30 of counts; bit 31 is the prompt's.

@group(0) @binding(5) var<storage, read_write> counts: array<u32>;  // [b, v]

fn count_token(row: u32, id: u32) {
  counts[row * params.v + id] += 1;
}
