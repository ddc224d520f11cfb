// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/row-lanes, lib/reduce
// Softmax over the last axis:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// As softmax/workgroup, with the row kept in registers: each of its LANES threads has OWN Vectors of it, first
// elements, then exponentials. LANES and OWN grow with the row (src/kernels/reduce/lanes.ts); a row for which they do
// not suffice is refused. Requests rows·cols reads and rows·cols writes, and one exponential an element.

const WORKGROUP: u32 = 128;
const OWN: u32 = 4;  // Vectors of a thread: at least those of a row, over LANES

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var own: array<Vector, OWN>;
  var value = Vector(LOWEST_FLOAT);
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) {
      own[j] = x[row.first + i];
      value = max(value, own[j]);
    }
  }
  let shift = workgroup_max(vector_max(value), thread);

  var sums = Vector();
  for (var j = 0u; j < OWN; j++) {
    if (j * LANES + row.lane < row.width) {
      own[j] = exponential(own[j] - shift);
      sums += own[j];
    }
  }
  let sum = workgroup_sum(vector_sum(sums), thread);

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) { y[row.first + i] = own[j] * scale; }
  }
}
