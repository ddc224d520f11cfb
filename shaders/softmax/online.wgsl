// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/row-lanes, lib/reduce
// Softmax over the last axis, maximum and sum in one pass:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// LANES threads a row, as in softmax/workgroup. Each keeps the largest element so far and the sum of exponentials
// relative to it; when a larger one comes, the sum is rescaled by exp(old - new). The same step joins the threads.
// Requests 2·rows·cols reads and rows·cols writes, and three exponentials an element. Choose it where memory costs more
// than exponentials; attention/flash applies it to scores that are never stored.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var shift = Vector(LOWEST_FLOAT);  // the largest so far, for each element of a Vector
  var sums = Vector();
  for (var begin = row.lane; begin < row.width; begin += RUN) {
    var run = Vector();
    for (var i = begin; i < min(begin + RUN, row.width); i += LANES) {
      let value = x[row.first + i];
      let larger = max(shift, value);
      let rescale = exponential(shift - larger);
      sums *= rescale;
      run = run * rescale + exponential(value - larger);
      shift = larger;
    }
    sums += run;
  }
  let largest = workgroup_max(vector_max(shift), thread);
  let sum = workgroup_sum(vector_sum(sums * exponential(shift - largest)), thread);

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var i = row.lane; i < row.width; i += LANES) {
    y[row.first + i] = exponential(x[row.first + i] - largest) * scale;
  }
}
