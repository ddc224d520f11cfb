// with: reduce/operation/sum, lib/walk/strided, lib/grid
// One axis reduced:  y[i] = ∘ over j of x[i, j]
//
// LANES threads a result, which stride across the axis in runs (shaders/README.md) and meet in workgroup memory in
// log2(LANES) halvings.
// Requests n·length reads and n writes. Choose it for the last axis, and where results are few and the axis is long.

const WORKGROUP: u32 = 128;
const LANES: u32 = WORKGROUP;
const RESULTS: u32 = WORKGROUP / LANES;  // of one workgroup
const RUN: u32 = 64 * LANES;             // elements
const_assert 0 == (LANES & (LANES - 1));
const_assert LANES <= WORKGROUP;

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

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first_result = linear_workgroup(grid) * RESULTS;
  if (first_result >= params.n) { return; }  // the whole workgroup leaves
  let i = first_result + thread / LANES;
  let lane = thread % LANES;
  let length = select(0, params.length, i < params.n);  // results past the end only take part in the barriers
  let first = element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3));

  var combined = params.initial;
  for (var begin = lane; begin < length; begin += RUN) {
    var run = params.initial;
    for (var j = begin; j < min(begin + RUN, length); j += LANES) {
      run = combine(run, x[first + j * params.step]);
    }
    combined = combine(combined, run);
  }
  partial[thread] = combined;
  workgroupBarrier();
  for (var width = LANES / 2; width > 0; width /= 2) {
    if (lane < width) {
      partial[thread] = combine(partial[thread], partial[thread + width]);
    }
    workgroupBarrier();
  }
  if (lane == 0 && i < params.n) {
    y[i] = finish(partial[thread], params.length);
  }
}
