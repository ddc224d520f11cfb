// A matrix times a vector, a workgroup a row:  y[row] = Σ weight[row, i] · x[i]
//
// As ladders/matrix-vector/rows, but all threads of a workgroup go along the same row, neighbours at neighbouring
// elements, and their sums meet in a tree in workgroup memory. Requests 2·k reads a row.

const WORKGROUP: u32 = 32;
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree halves it

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [n, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.x;
  var sum = 0.0;
  for (var i = thread; i < params.k; i += WORKGROUP) { sum = fma(weight[row * params.k + i], x[i], sum); }
  partial[thread] = sum;
  workgroupBarrier();
  for (var distance = WORKGROUP / 2; distance > 0; distance /= 2) {
    if (thread < distance) { partial[thread] += partial[thread + distance]; }
    workgroupBarrier();
  }
  if (thread == 0) { y[row] = partial[0]; }
}
