// with: reduce/bounds/offsets, reduce/winner/every, lib/grid
// Gradients of the rows of each segment:  dx[t, j] = weights[t] · dy[i, j] of the segment i that has the row t
//
// One thread an element of dx, which searches for the segment of its row and, for a maximum, for the row that has it.
// Requests up to n offsets for each element, and of a maximum all of a segment's column. Choose it to see the
// definition.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32, t: u32, c: u32,
  length: u32,  // rows of a segment, where all have as many
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;        // [n, c]
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;  // [t, c]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let element = linear_workgroup(grid) * WORKGROUP + thread;
  let row = element / params.c;
  if (row >= params.t) { return; }
  let column = element % params.c;
  let weight = weight_of(row);
  var gradient = 0.0;
  for (var i = 0u; i < params.n; i++) {
    let rows = segment_rows(i);
    if (row < rows.x || row >= rows.y || weight == 0.0) { continue; }
    if (has_part(row, winner_of(rows, column))) { gradient = weight * dy[i * params.c + column]; }
  }
  dx[element] = gradient;
}
