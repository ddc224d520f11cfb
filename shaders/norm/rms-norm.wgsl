// with: norm/row/plain, lib/vector/four, lib/row-lanes, lib/reduce
// Root-mean-square norm over the last axis:  y = x / sqrt(mean(x * x) + eps) * weight
//
// LANES threads a row: few for short rows, so that several rows share a workgroup; a whole workgroup for long ones.
// Each takes every LANES-th Vector of the row, the partial sums meet in workgroup memory, and the row is read a second
// time to be scaled. The row is a part: x, or x + residual, the sum to which each layer of a transformer adds its
// result. Requests 3·rows·cols reads and rows·cols writes; a residual adds rows·cols of each.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(1) var<storage, read> weight: array<Vector>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var squares = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    let value = load_row(row.first + i);
    squares += value * value;
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);

  for (var i = row.lane; i < row.width; i += LANES) {
    y[row.first + i] = reload_row(row.first + i) * scale * weight[i];
  }
}
