// with: lib/numbers/exponential, lib/vector/one, lib/grid
// Gradient of log-softmax, from its result:  dx = dy - exp(y) · Σ dy
//
// One thread a row, which it reads twice. Sums are taken in runs, and those in runs again (shaders/README.md).
// Requests 3·rows·cols reads and rows·cols writes: the one to read first.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // elements, and runs

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> y: array<f32>;         // [rows, cols]
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // [rows, cols]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let origin = row * params.cols;
  var sum = 0.0;
  for (var first = 0u; first < params.cols; first += RUN * RUN) {
    var runs = 0.0;
    for (var begin = first; begin < min(first + RUN * RUN, params.cols); begin += RUN) {
      var run = 0.0;
      for (var i = begin; i < min(begin + RUN, params.cols); i++) { run += dy[origin + i]; }
      runs += run;
    }
    sum += runs;
  }
  for (var i = 0u; i < params.cols; i++) { dx[origin + i] = dy[origin + i] - exponential(y[origin + i]) * sum; }
}
