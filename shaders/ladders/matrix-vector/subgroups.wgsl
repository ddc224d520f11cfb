// A matrix times a vector, a subgroup a row:  y[row] = Σ weight[row, i] · x[i]
//
// As ladders/matrix-vector/vectors, with a workgroup that is one subgroup: its sums are added by a subgroup operation,
// without workgroup memory and without barriers. Needs k to be a multiple of 4. Requests 2·k reads a row.
enable subgroups;

const SUBGROUP: u32 = 8;  // threads

struct Params { k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [k / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;  // [n, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let row = workgroup.x;
  let vectors = params.k / 4;
  var sums = vec4f();
  for (var i = thread; i < vectors; i += SUBGROUP) { sums = fma(weight[row * vectors + i], x[i], sums); }
  let sum = subgroupAdd(dot(sums, vec4f(1.0)));
  if (thread == 0) { y[row] = sum; }
}
