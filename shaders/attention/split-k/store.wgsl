// Stores what a split found: for each of its rows the maximum and the sum of its weights, and its share of the output. The
// threads that have some of the same columns add up what they have, in the memory of the kernel's weights; maxima and sums,
// which every thread has, wait in that of its queries, which have been read for the last time.

// `place` is batch row, key and value head, block and split; `rows` of the block's rows are some.
fn store_parts(
  place: vec4u,
  rows: u32,
  largest: array<vec4f, FOURS>,
  sums: array<vec4f, FOURS>,
  out_rows: array<array<vec4f, ROWS>, COLUMNS>,
  thread: u32,
) {
  if (thread == 0) {
    for (var f = 0u; f < FOURS; f++) {
      queries[f] = largest[f];
      queries[FOURS + f] = sums[f];
    }
  }
  for (var c = 0u; c < COLUMNS; c++) {
    for (var r = 0u; r < ROWS; r++) { weights[thread * ROWS + r] = out_rows[c][r]; }
    workgroupBarrier();
    let across = min(ACROSS, VALUE_VECTORS - c * ACROSS);
    for (var i = thread; i < rows * across; i += WORKGROUP) {
      let r = i / across;
      let column = i % across;
      var total = vec4f(0.0);
      for (var n = 0u; n < VALUE_THREADS; n++) { total += weights[(n * ACROSS + column) * ROWS + r]; }
      let part = part_of_row(place.x, place.y, place.z * ROWS + r, place.w);
      accumulators[part * VALUE_VECTORS + c * ACROSS + column] = total;
      if (c == 0 && column == 0) { stats[part] = vec2f(queries[r / 4][r % 4], queries[FOURS + r / 4][r % 4]); }
    }
    workgroupBarrier();  // the output has been read
  }
}
