// with: norm/mean/none, norm/partials/weight, lib/vector/four, lib/grid
// Partial gradients of a norm's parameters:  dweights[group] = Σ dy∘(x - mean) · scale, dbiases[group] = Σ dy over its
// rows
//
// A group has every groups-th row, and a column of it a thread: neighbouring threads read neighbouring columns. The
// groups' sums are added up by a sum over the first axis, so that no sum is long (shaders/README.md) and all are in a
// fixed order. Requests 2·rows·cols reads of Vectors, scale and mean of the row for each, and groups·cols writes.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, cols: u32, groups: u32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;    // [rows, cols]
@group(0) @binding(1) var<storage, read> dy: array<Vector>;   // [rows, cols]
@group(0) @binding(2) var<storage, read> scales: array<f32>;  // [rows]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let width = params.cols / WIDTH;
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.groups * width) { return; }

  var dweight = Vector();
  var dbias = Vector();
  for (var row = i / width; row < params.rows; row += params.groups) {
    let at = row * width + i % width;
    let gradient = dy[at];
    dweight += gradient * ((x[at] - mean_of(row)) * scales[row]);
    dbias += gradient;
  }
  store_partials(i, dweight, dbias);
}
