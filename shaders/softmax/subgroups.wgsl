// with: lib/numbers/exponential, lib/vector/four, lib/numbers/lowest-float, lib/grid
// Softmax over the last axis, maximum and sum in one pass:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// As softmax/online, with a subgroup a row: threads join their parts by subgroup operations, without workgroup memory
// and barriers. A thread takes STEP Vectors at a time and rescales its sum once for all of them. Requests 2·rows·cols
// reads and rows·cols writes, and 2 + 1 / STEP exponentials an element. Choose it where subgroups all have one size and
// a shuffle costs less than a barrier; long rows are refused, because a thread adds up its steps one by one.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads
const ROWS: u32 = 8;      // of a subgroup, one after the other
const STEP: u32 = 8;      // Vectors

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = linear_workgroup(grid) * ROWS;
  for (var row = first_row; row < min(first_row + ROWS, params.rows); row++) { softmax_row(row, thread); }
}

fn softmax_row(row: u32, thread: u32) {
  let width = params.cols / WIDTH;
  let first = row * width;
  let steps = width / (STEP * SUBGROUP) * (STEP * SUBGROUP);  // Vectors in whole steps of the subgroup

  var shift = Vector(LOWEST_FLOAT);
  var sums = Vector();
  for (var begin = thread; begin < steps; begin += STEP * SUBGROUP) {
    var own: array<Vector, STEP>;
    var larger = shift;
    for (var j = 0u; j < STEP; j++) {
      own[j] = x[first + begin + j * SUBGROUP];
      larger = max(larger, own[j]);
    }
    var step = Vector();
    for (var j = 0u; j < STEP; j++) { step += exponential(own[j] - larger); }
    sums = sums * exponential(shift - larger) + step;
    shift = larger;
  }
  for (var i = steps + thread; i < width; i += SUBGROUP) {
    let value = x[first + i];
    let larger = max(shift, value);
    sums = sums * exponential(shift - larger) + exponential(value - larger);
    shift = larger;
  }
  let largest = subgroupMax(vector_max(shift));
  let sum = subgroupAdd(vector_sum(sums * exponential(shift - largest)));

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var i = thread; i < width; i += SUBGROUP) {
    y[first + i] = exponential(x[first + i] - largest) * scale;
  }
}
