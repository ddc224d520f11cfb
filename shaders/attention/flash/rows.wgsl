// What the threads that share rows in flash have to agree on: maximum and sum over all of them, for each of a thread's
// rows. Each leaves its values in the tile, whose contents are lost, and reads those of the others.

fn row_maxima(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  var all = values;
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    var largest = vec4f(LOWEST);
    for (var c = 0u; c < COLUMN_THREADS; c++) { largest = max(largest, tile[(c * ROWS + own_row + r) / 4]); }
    for (var n = 0u; n < 4; n++) { all[r + n] = largest[n]; }
  }
  return all;
}

fn row_sums(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  var all = values;
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    var sum = vec4f(0.0);
    for (var c = 0u; c < COLUMN_THREADS; c++) { sum += tile[(c * ROWS + own_row + r) / 4]; }
    for (var n = 0u; n < 4; n++) { all[r + n] = sum[n]; }
  }
  return all;
}

fn share_rows(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) {
  workgroupBarrier();  // the tile has been read
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    tile[(column * ROWS + own_row + r) / 4] = vec4f(values[r], values[r + 1], values[r + 2], values[r + 3]);
  }
  workgroupBarrier();
}
