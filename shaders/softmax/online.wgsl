// with: lib/exponential, lib/vector/four, lib/reduce, lib/grid
// Softmax over the last axis, maximum and sum in one pass:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// LANES threads a row, as in softmax/workgroup. Each keeps the largest element so far and the sum of exponentials
// relative to it; when a larger one comes, the sum is rescaled by exp(old - new). The same step joins the threads.
// Requests 2·rows·cols reads and rows·cols writes, and three exponentials an element. Choose it where memory costs more
// than exponentials; attention/flash applies it to scores that are never stored.

const WORKGROUP: u32 = 128;
const ROWS: u32 = WORKGROUP / LANES;  // of one workgroup
const LOWEST: f32 = -0x1.fffffep+127;  // finite, so that a row of -infinity has something to be subtracted

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let top = linear_workgroup(workgroup, workgroups) * ROWS;
  if (top >= params.rows) { return; }  // the whole workgroup leaves
  let row = top + thread / LANES;
  let width = select(0, params.cols / WIDTH, row < params.rows);  // rows past the end only meet the barriers
  let first = row * width;
  let lane = thread % LANES;

  var shift = Vector(LOWEST);
  var all = Vector();
  for (var i = lane; i < width; i += LANES) {
    let value = x[first + i];
    let larger = max(shift, value);
    all = all * exponential(shift - larger) + exponential(value - larger);
    shift = larger;
  }
  let row_shift = workgroup_max(vector_max(shift), thread);
  let sum = workgroup_sum(vector_sum(all * exponential(shift - row_shift)), thread);

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var i = lane; i < width; i += LANES) {
    y[first + i] = exponential(x[first + i] - row_shift) * scale;
  }
}
