// A matrix times a vector, four elements at a time:  y[row] = Σ weight[row, i] · x[i]
//
// As ladders/matrix-vector/lanes, with a fourth of the loads: more bytes are on their way at once, for fewer
// instructions. Needs k to be a multiple of 4. Requests 2·k reads a row.

const WORKGROUP: u32 = 32;
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree halves it

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [k / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [n, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [n]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.x;
  let vectors = params.k / 4;
  var sums = vec4f();
  for (var i = thread; i < vectors; i += WORKGROUP) { sums = fma(weight[row * vectors + i], x[i], sums); }
  partial[thread] = dot(sums, vec4f(1.0));
  workgroupBarrier();
  for (var distance = WORKGROUP / 2; distance > 0; distance /= 2) {
    if (thread < distance) { partial[thread] += partial[thread + distance]; }
    workgroupBarrier();
  }
  if (thread == 0) { y[row] = partial[0]; }
}
