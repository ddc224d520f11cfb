// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/numbers/is-nan, lib/row-lanes
// with: lib/reduce
// Log-softmax over the last axis:  y = x - max(x) - log Σ exp(x - max(x))
//
// LANES threads a row, as in softmax/workgroup: the maximum and the sum are reduced in workgroup memory.
// Requests 3·rows·cols reads and rows·cols writes, and one exponential an element.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var value = Vector(LOWEST_FLOAT);
  for (var i = row.lane; i < row.width; i += LANES) { value = max(value, x[row.first + i]); }
  let shift = workgroup_max(vector_max(value), thread);

  var sums = Vector();
  for (var begin = row.lane; begin < row.width; begin += RUN) {
    var run = Vector();
    for (var i = begin; i < min(begin + RUN, row.width); i += LANES) { run += exponential(x[row.first + i] - shift); }
    sums += run;
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  // Of a row of -infinity, whose sum is 0, every logarithm is -infinity; for NaN, drivers differ in log.
  let logarithm = select(select(log(sum), 0.0, sum == 0.0), sum, is_nan(sum));
  for (var i = row.lane; i < row.width; i += LANES) { y[row.first + i] = x[row.first + i] - shift - logarithm; }
}
