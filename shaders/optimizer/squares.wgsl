// with: lib/vector/four, lib/grid
// Squares of a gradient, in sums for its norm:  sums[first + i] = Σ x[j] · x[j] over j = i, i + threads, i + 2 ·
// threads, …
//
// A thread a sum, neighbouring threads neighbouring Vectors. The sums of all gradients stand in one list, which
// optimizer/norm adds up. Requests n reads and a write for each thread.

const WORKGROUP: u32 = 64;

struct Params { n: u32, threads: u32, first: u32 }  // n in Vectors

@group(0) @binding(0) var<storage, read> x: array<Vector>;         // [n]
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;   // [all]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.threads) { return; }
  var sum = Vector();
  for (var j = i; j < params.n; j += params.threads) {
    let value = x[j];
    sum = fma(value, value, sum);
  }
  sums[params.first + i] = vector_sum(sum);
}
