// with: lib/vector/four, lib/grid
// Sums of the columns of each block of rows:  y[block, j] = Σ x[i, j] over the rows i of the block
//
// One thread a block and Vector of columns: neighbouring threads read neighbouring columns. Called again with its
// result until one row is left, it sums up all rows, in the same order every time: few columns of many rows keep as
// many threads busy as many columns. Sums are taken in runs, and those in runs again (shaders/README.md). Requests
// rows·cols reads and blocks·cols writes. Choose it for gradients of biases.

const WORKGROUP: u32 = 64;
const RUN: u32 = 32;  // rows, and runs

// `width` is the number of Vectors in a row.
struct Params { rows: u32, width: u32, block: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [blocks, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  let begin = i / params.width * params.block;
  if (begin >= params.rows) { return; }
  let end = min(begin + params.block, params.rows);
  let column = i % params.width;
  var sum = Vector();
  for (var from_runs = begin; from_runs < end; from_runs += RUN * RUN) {
    var runs = Vector();
    for (var first = from_runs; first < min(from_runs + RUN * RUN, end); first += RUN) {
      var run = Vector();
      for (var row = first; row < min(first + RUN, end); row++) { run += x[row * params.width + column]; }
      runs += run;
    }
    sum += runs;
  }
  y[i] = sum;
}
