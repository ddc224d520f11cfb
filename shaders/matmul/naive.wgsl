// with: lib/weight/f32, lib/bias/none, lib/grid
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// One output per thread, neighbouring threads in neighbouring columns: each reads a row of x and a row of the weight. A
// weight too large for one binding comes in segments, rows `begin` to `begin + n` of `total`, each in a dispatch of its
// own; y has all columns. Requests 2·k reads for each of rows·n outputs. Takes any k. Choose it as the baseline for
// checking the others.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// Required by the part lib/weight, which declares binding 1; other types of weight are other parts of that slot.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  if (output >= params.rows * params.n) { return; }
  let row = output / params.n;
  let column = output % params.n;

  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum += x[row * params.k + i] * load_weight(column, i);
  }
  y[row * params.total + params.begin + column] = sum + bias_at(params.begin + column);
}
