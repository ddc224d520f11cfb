// with: lib/numbers/exponential, lib/vector/four, lib/row-lanes, lib/reduce
// Gradient of log-softmax, from its result:  dx = dy - exp(y) · Σ dy
//
// LANES threads a row, as in softmax/workgroup. A first pass adds up the row's gradients, a second one writes dx.
// Requests 3·rows·cols reads and rows·cols writes.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> y: array<Vector>;         // [rows, cols]
@group(0) @binding(1) var<storage, read> dy: array<Vector>;        // [rows, cols]
@group(0) @binding(2) var<storage, read_write> dx: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var sums = Vector();
  for (var begin = row.lane; begin < row.width; begin += RUN) {
    var run = Vector();
    for (var i = begin; i < min(begin + RUN, row.width); i += LANES) { run += dy[row.first + i]; }
    sums += run;
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  for (var i = row.lane; i < row.width; i += LANES) {
    dx[row.first + i] = dy[row.first + i] - exponential(y[row.first + i]) * sum;
  }
}
