// with: norm/row/plain, norm/bias/none, lib/vector/four, lib/row-lanes, lib/reduce
// Layer norm over the last axis:  y = (x - mean) / sqrt(mean((x - mean)²) + eps) * weight + bias
//
// LANES threads a row, as in norm/rms-norm. Three passes over the row: the mean, the squared deviations from it, the
// result. The shorter mean(x²) - mean² would save one pass and lose every digit where the mean is much larger than the
// spread. The row (x, or x + residual) and the bias are parts.
// Requests 4·rows·cols reads (5 with a bias) and rows·cols writes; a residual adds rows·cols of each.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(1) var<storage, read> weight: array<Vector>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var sums = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    sums += load_row(row.first + i);
  }
  let mean = workgroup_sum(vector_sum(sums), thread) / f32(params.cols);

  var squares = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    let deviation = reload_row(row.first + i) - mean;
    squares += deviation * deviation;
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);

  for (var i = row.lane; i < row.width; i += LANES) {
    y[row.first + i] = (reload_row(row.first + i) - mean) * scale * weight[i] + load_bias(i);
  }
}
