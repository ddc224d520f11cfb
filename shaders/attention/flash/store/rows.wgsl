// Stores the rows of the output, divided by the sums of their weights, and their log-sum-exp.

// Stores the rows of a thread from the first on, those that come before the end. The y of a workgroup in the grid counts
// heads or groups (rows-of).
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
      let h = head_of_row(workgroup_y, row);
      let t = query_of_row(row);
      let sunk = with_sink(h, largest[r], sums[r]);
      let first = (token_index(b, t) * params.h + h) * VALUE_VECTORS + column;
      for (var c = 0u; c < COLUMNS; c++) {
        out[first + c * COLUMN_THREADS] = select(out_rows[r][c] * sunk.rescale / sunk.sum, vec4f(0.0), sunk.sum == 0.0);
      }
      if (column == 0) { store_lse(b, h, t, log_sum_exp(sunk.largest, sunk.sum)); }
    }
  }
}
