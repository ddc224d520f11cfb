// Results as they are.

fn store4(row: u32, column: u32, sums: vec4f) {
  let first = row * params.n + column;
  for (var i = 0u; i < 4; i++) { z[first + i] = sums[i]; }
}
