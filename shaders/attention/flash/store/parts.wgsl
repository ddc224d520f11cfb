// Stores the results of flash for one split of the keys (rows-of/split): the rows of the output, not yet divided by the
// sums of their weights, and those sums with the maximum that they are relative to, for attention/split-k/join. Of a
// row that saw no keys, only the sum of 0 is written.

@group(0) @binding(4) var<storage, read_write> stats: array<vec2f>;  // [b, t, h, splits, 2], max and sum(weight)

// The row of out that has this row of a block. The y of a workgroup in the grid counts groups and splits
// (rows-of/split).
fn out_row(b: u32, workgroup_y: u32, row: u32) -> u32 {
  let query = token_index(b, query_of_row(row)) * params.h + head_of_row(workgroup_y, row);
  return query * splits.count + split_at(workgroup_y);
}

// Stores the rows of a thread from the first on, those that come before the end. The loop stores only the first row,
// and the others move up (flash/runs).
fn store_rows(
  b: u32,
  workgroup_y: u32,
  first_and_end: vec2u,
  column: u32,
  largest_of_rows: array<f32, THREAD_ROWS>,
  sums_of_rows: array<f32, THREAD_ROWS>,
  any_earlier: bool,
  rescales: array<f32, THREAD_ROWS>,
  out_rows: array<array<vec4f, COLUMNS>, THREAD_ROWS>,
) {
  var largest = largest_of_rows;
  var sums = sums_of_rows;
  var rescale = rescales;
  var left = out_rows;
  for (var row = first_and_end.x; row < min(first_and_end.x + THREAD_ROWS, first_and_end.y); row++) {
    let part = out_row(b, workgroup_y, row);
    if (sums[0] > 0.0) {
      for (var c = 0u; c < COLUMNS; c++) {
        let i = part * VALUE_VECTORS + c * COLUMN_THREADS + column;
        out[i] = with_earlier(left[0][c], i, any_earlier, rescale[0]);
      }
    }
    if (column == 0) { stats[part] = vec2f(largest[0], sums[0]); }
    for (var r = 1u; r < THREAD_ROWS; r++) {
      largest[r - 1] = largest[r];
      sums[r - 1] = sums[r];
      rescale[r - 1] = rescale[r];
      for (var c = 0u; c < COLUMNS; c++) { left[r - 1][c] = left[r][c]; }
    }
  }
}
