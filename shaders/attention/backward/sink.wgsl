// with: lib/extent/fixed, lib/reduce, lib/grid
// The gradient of each head's sink, a score without a value:  dsink[h] = -sum over rows of exp(sink - lse) * out · dout
//
// One workgroup a head, in two stages: each thread adds up rows WORKGROUP apart, then the threads' sums meet in a tree.
// Requests 2·b·t reads a head. A row whose log-sum-exp is minus infinity has a sink of weight 0.

const WORKGROUP: u32 = 64;

struct Params { b: u32, h: u32, t: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read> sink: array<f32>;          // [h]
@group(0) @binding(1) var<storage, read> stats: array<vec2f>;       // [b, h, t, 2], log-sum-exp and out · dout
@group(0) @binding(2) var<storage, read_write> dsink: array<f32>;  // [h]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let h = linear_workgroup(grid);
  if (h >= params.h) { return; }  // the whole workgroup leaves
  var sum = 0.0;
  for (var b = 0u; b < params.b; b++) {
    let first_row = (batch_row(b) * params.h + h) * params.t + queries_before(b);
    for (var t = thread; t < query_count(b); t += WORKGROUP) {
      let row = stats[first_row + t];
      sum += exp(sink[h] - row.x) * row.y;
    }
  }
  sum = workgroup_sum(sum, thread);
  if (thread == 0) { dsink[h] = -sum; }
}
