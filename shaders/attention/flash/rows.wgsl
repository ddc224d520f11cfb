// What the threads that share rows in flash have to agree on: maximum and sum over all of them, for each of a thread's
// rows. Each leaves its values in the tile; then each settles some of the rows, in the tile of the weights, from which all
// read them. The contents of both are lost.

fn row_maxima(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  for (var row = own_row + column; row < own_row + THREAD_ROWS; row += COLUMN_THREADS) {
    var largest = LOWEST;
    for (var c = 0u; c < COLUMN_THREADS; c++) { largest = max(largest, shared_value(c, row)); }
    weight_tile[row] = vec4f(largest);
  }
  workgroupBarrier();
  var result = values;
  for (var r = 0u; r < THREAD_ROWS; r++) { result[r] = weight_tile[own_row + r].x; }
  return result;
}

fn row_sums(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) -> array<f32, THREAD_ROWS> {
  share_rows(values, own_row, column);
  for (var row = own_row + column; row < own_row + THREAD_ROWS; row += COLUMN_THREADS) {
    var sum = 0.0;
    for (var c = 0u; c < COLUMN_THREADS; c++) { sum += shared_value(c, row); }
    weight_tile[row] = vec4f(sum);
  }
  workgroupBarrier();
  var result = values;
  for (var r = 0u; r < THREAD_ROWS; r++) { result[r] = weight_tile[own_row + r].x; }
  return result;
}

fn share_rows(values: array<f32, THREAD_ROWS>, own_row: u32, column: u32) {
  workgroupBarrier();  // the tile has been read
  for (var r = 0u; r < THREAD_ROWS; r += 4) {
    tile[(column * ROWS + own_row + r) / 4] = vec4f(values[r], values[r + 1], values[r + 2], values[r + 3]);
  }
  workgroupBarrier();
}

fn shared_value(column: u32, row: u32) -> f32 {
  return tile[(column * ROWS + row) / 4][row % 4];
}
