// The end of matmul/register and matmul/subgroups: a thread's ROWS × COLUMNS sums go to y, with the bias, as far as they
// lie inside.

fn store_tile(first_row: u32, first_column: u32, sums: array<array<f32, COLUMNS>, ROWS>) {
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      let row = first_row + r;
      let column = first_column + c;
      if (row < params.rows && column < params.n) {
        y[row * params.total + params.begin + column] = sums[r][c] + bias_at(params.begin + column);
      }
    }
  }
}
