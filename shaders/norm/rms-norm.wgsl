// with: lib/reduce, lib/grid
// Root-mean-square norm over the last axis:  y = x / sqrt(mean(x * x) + eps) * weight
//
// One workgroup per row. Each thread strides across the row, the partial sums meet in workgroup memory, and the row
// is read a second time to be scaled. Requests 3·rows·cols reads and rows·cols writes. Choose it for cols up to a few
// thousand; the only variant so far.

alias Activation = f32;
const WORKGROUP: u32 = 128;
const_assert (WORKGROUP & (WORKGROUP - 1)) == 0;  // the tree reduction halves it

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Activation>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<Activation>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Activation>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = linear_workgroup(workgroup, workgroups);
  if (row >= params.rows) { return; }  // the whole workgroup leaves
  let first = row * params.cols;

  var sum = 0.0;
  for (var col = thread; col < params.cols; col += WORKGROUP) {
    let value = f32(x[first + col]);
    sum += value * value;
  }
  let scale = inverseSqrt(workgroup_sum(sum, thread) / f32(params.cols) + params.eps);

  for (var col = thread; col < params.cols; col += WORKGROUP) {
    y[first + col] = x[first + col] * scale * weight[col];
  }
}
