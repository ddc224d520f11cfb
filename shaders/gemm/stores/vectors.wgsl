// with: lib/bias/none, lib/activation/none, lib/vector/one, gemm/operands
// Four neighbouring results of a row at once, as gemm/store has one: so that a thread writes 16 bytes, and its
// neighbour those after them. For rows of a multiple of 4.

const ADD: bool = false;  // adds to y instead of overwriting it

@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [batch, m, n / 4]

fn store4(batch: u32, row: u32, column: u32, sums: vec4f) {
  if (row < params.m && column < params.n) {
    let i = ((batch * params.m + row) * params.n + column) / 4;
    var results: vec4f;
    for (var c = 0u; c < 4; c++) { results[c] = activation(sums[c] + bias_at(column + c)); }
    if (ADD) { y[i] += results; } else { y[i] = results; }
  }
}
