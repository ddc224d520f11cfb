// with: lib/vector/four, lib/row-lanes, lib/reduce
// Gradient of softmax, from its result:  dx = y∘(dy - Σ y∘dy)
//
// LANES threads a row, as in softmax/workgroup. A first pass adds up the products, a second one writes dx. Where y is
// 0, as where a mask hides an element, dy never contributes. Requests 4·rows·cols reads and rows·cols
// writes.

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
    for (var i = begin; i < min(begin + RUN, row.width); i += LANES) {
      let share = y[row.first + i];
      run += select(share * dy[row.first + i], Vector(), share == Vector());
    }
    sums += run;
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  for (var i = row.lane; i < row.width; i += LANES) {
    let share = y[row.first + i];
    dx[row.first + i] = select(share * (dy[row.first + i] - sum), Vector(), share == Vector());
  }
}
