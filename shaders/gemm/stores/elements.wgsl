// with: gemm/store
// Four neighbouring results of a row, one after the other: for rows of any length.

fn store4(batch: u32, row: u32, column: u32, sums: vec4f) {
  for (var c = 0u; c < 4; c++) { store(batch, row, column + c, sums[c]); }
}
