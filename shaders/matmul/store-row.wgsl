// The end of matmul/register and matmul/subgroups: a thread's sums of COLUMNS columns of a row go to y, with the bias,
// as far as they lie inside.

fn store_row(row: u32, first_column: u32, sums: array<f32, COLUMNS>) {
  for (var c = 0u; c < COLUMNS; c++) {
    let column = first_column + c;
    if (row < params.rows && column < params.n) {
      y[row * params.total + params.begin + column] = sums[c] + bias_at(params.begin + column);
    }
  }
}
