// with: lib/bias/none, lib/activation/none, lib/vector/one, lib/grid
// Split-K, second half:  y[row, column] = activation(Σ partial[s, row, column] + bias[column])
//
// One output per thread, neighbouring threads in neighbouring columns. Runs add up in their order.

const WORKGROUP: u32 = 64;
const ADD: bool = false;  // adds to y instead of overwriting it

struct Params { size: u32, n: u32, splits: u32 }

@group(0) @binding(0) var<storage, read> partial: array<f32>;  // [splits, batch, m, n]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [batch, m, n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  if (output >= params.size) { return; }
  var sum = 0.0;
  for (var s = 0u; s < params.splits; s++) { sum += partial[s * params.size + output]; }
  let result = activation(sum + bias_at(output % params.n));
  if (ADD) { y[output] += result; } else { y[output] = result; }
}
