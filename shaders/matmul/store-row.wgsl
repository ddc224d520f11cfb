// The end of matmul/register and matmul/subgroups: a thread's sums of a row, of each STEP-th of COLUMNS columns, go to
// y, with the bias, as far as they lie inside. So what threads store at a time lies side by side.

fn store_row(row: u32, first_column: u32, sums: array<f32, COLUMNS>) {
  for (var c = 0u; c < COLUMNS; c++) {
    let column = first_column + c * STEP;
    if (row < params.rows && column < params.n) {
      y[row * params.total + params.begin + column] = sums[c] + bias_at(params.begin + column);
    }
  }
}
