// with: sampling/candidates, lib/grid
// The n largest logits of each row and their tokens:  values = sorted(l)[.. n], by size, then by id
//
// One workgroup a row (sampling/candidates). NaN counts as −∞ in the order. Requests 6·v reads a row.

const WORKGROUP: u32 = 256;

struct Params { b: u32, v: u32, n: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;        // [b, v]
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;     // [b, n]
@group(0) @binding(2) var<storage, read_write> values: array<f32>;  // [b, n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.b) { return; }  // the whole workgroup leaves
  let first = row * params.v;
  gather(first, thread);
  if (thread < params.n) {
    let own = candidates[thread];
    let rank = candidate_rank(own);
    ids[row * params.n + rank] = own.id;
    values[row * params.n + rank] = logits[first + own.id];
  }
}
