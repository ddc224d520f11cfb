// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/row-lanes, lib/reduce
// Softmax over the last axis:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// LANES threads share each row (lib/row-lanes says how many): the maximum and the sum are found over all of them in
// workgroup memory, and the exponentials are stored in y before they are divided by their sum. Requests 3·rows·cols
// reads and 2·rows·cols writes, and one exponential per element. Choose it where exponentials cost more than memory.

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
  for (var i = row.lane; i < row.width; i += LANES) {
    value = max(value, x[row.first + i]);
  }
  let shift = workgroup_max(vector_max(value), thread);

  var sums = Vector();
  for (var begin = row.lane; begin < row.width; begin += RUN) {
    var run = Vector();
    for (var i = begin; i < min(begin + RUN, row.width); i += LANES) {
      let weight = exponential(x[row.first + i] - shift);
      y[row.first + i] = weight;
      run += weight;
    }
    sums += run;
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var i = row.lane; i < row.width; i += LANES) {
    y[row.first + i] *= scale;
  }
}
