// with: lib/activation/silu, lib/vector/one
// Half of a thread's sums are gates and half the values that these scale:  activation(gate) · up  (Shazeer 2020). The
// first n rows of the weight are those of the gates, the next n those of the others.

const OUTPUTS: u32 = COLUMNS / 2;  // of a thread

fn weight_row(first: u32, c: u32) -> u32 {
  let row = min(first + c % OUTPUTS, params.n - 1);  // past the edge the last again, and nothing stored
  return select(row, row + params.n, c >= OUTPUTS);
}

fn store_row(row: u32, first: u32, sums: array<f32, COLUMNS>) {
  for (var c = 0u; c < OUTPUTS; c++) {
    let column = first + c;
    if (column < params.n) {
      let gate = sums[c] + bias_at(column);
      let up = sums[c + OUTPUTS] + bias_at(params.n + column);
      y[row * params.total + column] = activation(gate) * up;
    }
  }
}
