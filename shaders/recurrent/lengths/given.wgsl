// Rows of several lengths, of which at most t tokens count.

@group(0) @binding(7) var<storage, read> lengths: array<u32>;  // [b]

fn row_length(row: u32) -> u32 {
  return min(lengths[row], params.t);
}
