// with: lib/exponential, lib/vector/four, lib/reduce, lib/grid
// Softmax over the last axis:  y = exp(x - max(x)) / Σ exp(x - max(x))
//
// LANES threads a row, and the row stays with them: the maximum and the sum meet in workgroup memory instead of in
// buffers, and the exponentials wait in y for their sum. Requests 3·rows·cols reads and 2·rows·cols writes, and one
// exponential an element. Choose it where exponentials cost more than memory.

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

  var value = Vector(LOWEST);
  for (var i = lane; i < width; i += LANES) {
    value = max(value, x[first + i]);
  }
  let shift = workgroup_max(vector_max(value), thread);

  var all = Vector();
  for (var i = lane; i < width; i += LANES) {
    let weight = exponential(x[first + i] - shift);
    y[first + i] = weight;
    all += weight;
  }
  let sum = workgroup_sum(vector_sum(all), thread);

  let scale = select(1.0 / sum, 0.0, sum == 0.0);  // a row of -infinity is all zeros
  for (var i = lane; i < width; i += LANES) {
    y[first + i] *= scale;
  }
}
