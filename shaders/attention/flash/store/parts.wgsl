// Stores what flash found for one split of the keys (rows-of/split): the rows of the output, not yet divided by the sums of
// their weights, and those sums with the maximum that they are taken from, for attention/split-k/join. Of a row that saw
// no keys, only the sum of 0 is written.

@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>;  // [b, t, h, splits, 2], max and sum(weight)

// Stores the rows of a thread from the first on, those that come before the end. The y of a workgroup in the grid counts
// groups and splits (rows-of/split).
fn store_rows(
  b: u32,
  workgroup_y: u32,
  first_and_end: vec2u,
  column: u32,
  largest: array<f32, THREAD_ROWS>,
  sums: array<f32, THREAD_ROWS>,
  out_rows: array<array<vec4f, COLUMNS>, THREAD_ROWS>,
) {
  for (var r = 0u; r < THREAD_ROWS; r++) {
    let row = first_and_end.x + r;
    if (row < first_and_end.y) {
      let query = token_index(b, query_of_row(row)) * params.h + head_of_row(workgroup_y, row);
      let part = query * splits.count + split_at(workgroup_y);
      if (sums[r] > 0.0) {
        for (var c = 0u; c < COLUMNS; c++) { out[part * VALUE_VECTORS + column + c * COLUMN_THREADS] = out_rows[r][c]; }
      }
      if (column == 0) { stats[part] = vec2f(largest[r], sums[r]); }
    }
  }
}
