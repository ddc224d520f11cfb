// A thread's sums, with the bias, are added to the residual stream.

@group(0) @binding(6) var<storage, read> residual: array<f32>;  // [rows, total]

const OUTPUTS: u32 = COLUMNS;  // of a thread

fn weight_row(first: u32, c: u32) -> u32 {
  return min(first + c, params.n - 1);  // past the edge the last again, and nothing stored
}

fn store_row(row: u32, first: u32, sums: array<f32, COLUMNS>) {
  for (var c = 0u; c < OUTPUTS; c++) {
    let column = params.begin + first + c;
    if (first + c < params.n) {
      let i = row * params.total + column;
      y[i] = residual[i] + (sums[c] + bias_at(column));
    }
  }
}
