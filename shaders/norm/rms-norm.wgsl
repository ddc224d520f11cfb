// with: norm/row/plain, lib/vector/four, lib/reduce, lib/grid
// Root-mean-square norm over the last axis:  y = x / sqrt(mean(x * x) + eps) * weight
//
// LANES threads a row: few for short rows, as in norms per head, so that several rows share a workgroup; all of them for
// long ones. Each strides across the row in steps of a Vector, the partial sums meet in workgroup memory, and the row is
// read a second time to be scaled. What a row is (x, or x + residual) is a part.
// Requests 3·rows·cols reads and rows·cols writes; a residual adds rows·cols of each.

const WORKGROUP: u32 = 128;
const ROWS: u32 = WORKGROUP / LANES;  // of one workgroup

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(1) var<storage, read> weight: array<Vector>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

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

  var squares = Vector();
  for (var i = lane; i < width; i += LANES) {
    let value = load_row(first + i);
    squares += value * value;
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);

  for (var i = lane; i < width; i += LANES) {
    y[first + i] = reload_row(first + i) * scale * weight[i];
  }
}
