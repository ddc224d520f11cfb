// The rows to be normed are x + residual, which is kept as sum: the residual stream of a transformer block.
// A thread reloads only what it has itself written, so no barrier is needed.

@group(0) @binding(0) var<storage, read> x: array<Vector>;          // [rows, cols]
@group(0) @binding(4) var<storage, read> residual: array<Vector>;   // [rows, cols]
@group(0) @binding(5) var<storage, read_write> sum: array<Vector>;  // [rows, cols]

fn load_row(i: u32) -> Vector {
  let value = x[i] + residual[i];
  sum[i] = value;
  return value;
}

fn reload_row(i: u32) -> Vector {
  return sum[i];
}
