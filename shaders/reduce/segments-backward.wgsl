// with: reduce/bounds/offsets, reduce/winner/every, lib/grid
// Gradients of the rows of each segment:  dx[t, j] = weights[t] · dy[i, j] of the segment i that has the row t
//
// One thread a segment and column, which goes over the rows of the segment: neighbouring threads write neighbouring
// columns. Of a maximum only the row that has it gets a gradient, and is found first. Rows that do not count get 0, as
// do those before the first segment and after the last, whose threads write them. Requests n·c reads and t·c writes,
// weights for each, and of a maximum t·c reads of x and its weights.

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
  let output = linear_workgroup(grid) * WORKGROUP + thread;
  let i = output / params.c;
  if (i >= params.n) { return; }
  let column = output % params.c;
  let rows = segment_rows(i);
  let winner = winner_of(rows, column);
  let gradient = dy[output];
  let begin = select(rows.x, 0, i == 0);
  let end = select(rows.y, params.t, i + 1 == params.n);
  for (var row = begin; row < end; row++) {
    let weight = weight_of(row);
    let counts = row >= rows.x && row < rows.y && weight != 0.0 && has_part(row, winner);
    dx[row * params.c + column] = select(0.0, weight * gradient, counts);
  }
}
