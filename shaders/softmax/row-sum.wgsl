// with: lib/numbers/exponential, lib/vector/one, lib/grid
// The second of three softmax passes:  sum[row] = Σ exp(x - largest[row])
//
// One thread a row, as in softmax/row-max. Sums are taken in runs, and those in runs again (shaders/README.md).
// Requests rows·cols reads and rows writes.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // elements of a run, and runs of a larger run

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;          // [rows, cols]
@group(0) @binding(1) var<storage, read> largest: array<f32>;    // [rows]
@group(0) @binding(2) var<storage, read_write> sum: array<f32>;  // [rows]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let shift = largest[row];
  var total = 0.0;
  for (var first = 0u; first < params.cols; first += RUN * RUN) {
    var runs = 0.0;
    for (var begin = first; begin < min(first + RUN * RUN, params.cols); begin += RUN) {
      var run = 0.0;
      for (var col = begin; col < min(begin + RUN, params.cols); col++) {
        run += exponential(x[row * params.cols + col] - shift);
      }
      runs += run;
    }
    total += runs;
  }
  sum[row] = total;
}
