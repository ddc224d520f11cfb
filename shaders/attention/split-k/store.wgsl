// Stores a split's results: for each of its rows the maximum and the sum of its weights, and its share of the output.
// Threads that share columns add up their parts in the memory of the kernel's weights; maxima and sums, which every
// thread has, are kept in that of its queries, which have been read for the last time.

// For one batch row, key and value head, block and split; the first `rows` of the block's rows are stored.
fn store_parts(
  b: u32,
  group: u32,
  block: u32,
  split: u32,
  rows: u32,
  largest: array<vec4f, ROW_VECTORS>,
  sums: array<vec4f, ROW_VECTORS>,
  out_rows: array<array<vec4f, ROWS>, COLUMNS>,
  thread: u32,
) {
  if (thread == 0) {
    for (var f = 0u; f < ROW_VECTORS; f++) {
      queries[f] = largest[f];
      queries[ROW_VECTORS + f] = sums[f];
    }
  }
  for (var c = 0u; c < COLUMNS; c++) {
    for (var r = 0u; r < ROWS; r++) { weights[r * WORKGROUP + thread] = out_rows[c][r]; }
    workgroupBarrier();
    let columns = min(COLUMN_THREADS, VALUE_VECTORS - c * COLUMN_THREADS);
    for (var i = thread; i < rows * columns; i += WORKGROUP) {
      let r = i / columns;
      let column = i % columns;
      var total = vec4f(0.0);
      for (var n = 0u; n < VALUE_THREADS; n++) { total += weights[r * WORKGROUP + n * COLUMN_THREADS + column]; }
      let part = part_of_row(b, group, block * ROWS + r, split);
      accumulators[part * VALUE_VECTORS + c * COLUMN_THREADS + column] = total;
      if (c == 0 && column == 0) { stats[part] = vec2f(queries[r / 4][r % 4], queries[ROW_VECTORS + r / 4][r % 4]); }
    }
    workgroupBarrier();  // the output has been read
  }
}
