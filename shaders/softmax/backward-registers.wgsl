// with: lib/vector/four, lib/row-lanes, lib/reduce
// Gradient of softmax, from its result:  dx = y∘(dy - Σ y∘dy)
//
// As softmax/backward, with the row kept in registers: see softmax/registers.
// Requests 2·rows·cols reads and rows·cols writes.

const WORKGROUP: u32 = 128;
const OWN: u32 = 4;  // Vectors of a thread: at least those of a row, over LANES

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> y: array<Vector>;         // [rows, cols]
@group(0) @binding(1) var<storage, read> dy: array<Vector>;        // [rows, cols]
@group(0) @binding(2) var<storage, read_write> dx: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var own: array<Vector, OWN>;  // zero past the end of the row
  var gradients: array<Vector, OWN>;
  var sums = Vector();
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) {
      own[j] = y[row.first + i];
      gradients[j] = select(dy[row.first + i], Vector(), own[j] == Vector());
      sums += own[j] * gradients[j];
    }
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) { dx[row.first + i] = select(own[j] * (gradients[j] - sum), Vector(), own[j] == Vector()); }
  }
}
