// with: lib/bias/none, lib/activation/none, lib/vector/one, gemm/operands, gemm/result/plain
// The epilogue of the kernels of this folder: with its bias and through its activation a sum goes to y, unless it lies
// past the edges.

@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [batch, m, n]

fn store(batch: u32, row: u32, column: u32, sum: f32) {
  if (row < params.m && column < params.n) {
    store_result((batch * params.m + row) * params.n + column, activation(sum + bias_at(column)));
  }
}
