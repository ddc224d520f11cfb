// with: lib/bias/none, lib/activation/none, lib/vector/one, gemm/operands
// The epilogue of the kernels of this folder: with its bias and through its activation a sum goes to y, unless it lies
// past the edges.

const ADD: bool = false;  // adds to y instead of overwriting it

@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [batch, m, n]

fn store(batch: u32, row: u32, column: u32, sum: f32) {
  if (row < params.m && column < params.n) {
    let i = (batch * params.m + row) * params.n + column;
    let result = activation(sum + bias_at(column));
    if (ADD) { y[i] += result; } else { y[i] = result; }
  }
}
