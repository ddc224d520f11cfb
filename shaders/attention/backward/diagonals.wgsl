// with: lib/reduce, lib/grid
// The sums of the diagonals of matrices of pairs:  diagonals[h, j - i] = Σ over b and i of dscores[b, h, i, j]
//
// One workgroup a diagonal of a head, in two stages: each thread adds up pairs WORKGROUP apart, then the threads' sums
// meet in a tree. Every pair is read once. What attention/backward/flash-diagonals computes without pairs in memory.

const WORKGROUP: u32 = 64;

struct Params { b: u32, h: u32, t: u32, s: u32 }

@group(0) @binding(0) var<storage, read> dscores: array<f32>;          // [b, h, t, s]
@group(0) @binding(1) var<storage, read_write> diagonals: array<f32>;  // [1, h, t + s - 1], from j - i = 1 - t on
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid);
  let of_head = params.t + params.s - 1;
  if (at >= params.h * of_head) { return; }  // the whole workgroup leaves
  let h = at / of_head;
  let diagonal = at % of_head;
  let first_row = max(params.t - 1, diagonal) - diagonal;  // its first pair is in this row, or in the first column
  let count = min(params.t, of_head - diagonal) - first_row;
  var sum = 0.0;
  for (var i = thread; i < params.b * count; i += WORKGROUP) {
    let row = first_row + i % count;
    let key = row + diagonal - (params.t - 1);
    sum += dscores[((i / count * params.h + h) * params.t + row) * params.s + key];
  }
  sum = workgroup_sum(sum, thread);
  if (thread == 0) { diagonals[at] = sum; }
}
