// with: lib/numbers/exponential, lib/vector/one, lib/numbers/lowest-float, lib/numbers/is-nan, lib/grid
// Log-softmax over the last axis:  y = x - max(x) - log Σ exp(x - max(x))
//
// One thread a row, which it reads three times: for the maximum, for the sum, and for the result. Sums are taken in
// runs, and those in runs again (shaders/README.md). Requests 3·rows·cols reads and rows·cols writes: the one to read
// first.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // elements, and runs

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let origin = row * params.cols;
  var shift = LOWEST_FLOAT;
  for (var i = 0u; i < params.cols; i++) { shift = max(shift, x[origin + i]); }

  var sum = 0.0;
  for (var first = 0u; first < params.cols; first += RUN * RUN) {
    var runs = 0.0;
    for (var begin = first; begin < min(first + RUN * RUN, params.cols); begin += RUN) {
      var run = 0.0;
      for (var i = begin; i < min(begin + RUN, params.cols); i++) { run += exponential(x[origin + i] - shift); }
      runs += run;
    }
    sum += runs;
  }
  // Of a row of -infinity, whose sum is 0, every logarithm is -infinity; for NaN, drivers differ in log.
  let logarithm = select(select(log(sum), 0.0, sum == 0.0), sum, is_nan(sum));
  for (var i = 0u; i < params.cols; i++) { y[origin + i] = x[origin + i] - shift - logarithm; }
}
