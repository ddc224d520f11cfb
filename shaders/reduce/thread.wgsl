// with: reduce/operation/sum, lib/walk/strided, lib/grid
// One axis reduced:  y[i] = ∘ over j of x[i, j]
//
// One thread a result: neighbouring threads read neighbouring elements when the axis is not the last. Sums are taken in
// runs, and those in runs again (shaders/README.md).
// Requests n·length reads and n writes. Choose it for all axes but the last, and for short ones.

const WORKGROUP: u32 = 64;
const RUN: u32 = 32;          // elements
const RUNS: u32 = 128 * RUN;  // elements whose runs are added up by themselves

struct Params {
  n: u32,  // results
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,  // first element and strides of x without the axis
  length: u32, step: u32,                      // and stride of the axis
  initial: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let first = element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3));
  var combined = params.initial;
  for (var from_runs = 0u; from_runs < params.length; from_runs += RUNS) {
    var runs = params.initial;
    for (var begin = from_runs; begin < min(from_runs + RUNS, params.length); begin += RUN) {
      var run = params.initial;
      for (var j = begin; j < min(begin + RUN, params.length); j++) {
        run = combine(run, x[first + j * params.step]);
      }
      runs = combine(runs, run);
    }
    combined = combine(combined, runs);
  }
  y[i] = finish(combined, params.length);
}
