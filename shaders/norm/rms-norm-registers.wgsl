// with: norm/row/plain, lib/vector/four, lib/row-lanes, lib/reduce
// Root-mean-square norm over the last axis:  y = x / sqrt(mean(x * x) + eps) * weight
//
// As norm/rms-norm, with the row kept in registers: each of its LANES threads has OWN Vectors of it, so that it is read
// once. LANES and OWN grow with the row (src/kernels/reduce/lanes.ts); a row for which they do not suffice is refused.
// Requests 2·rows·cols reads and rows·cols writes; a residual adds rows·cols of each. Choose it where memory costs more
// than registers.

const WORKGROUP: u32 = 128;
const OWN: u32 = 4;  // Vectors of a thread: at least those of a row, over LANES

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(1) var<storage, read> weight: array<Vector>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var own: array<Vector, OWN>;  // zero past the end of the row
  var squares = Vector();
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) { own[j] = load_row(row.first + i); }
    squares += own[j] * own[j];
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);

  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + row.lane;
    if (i < row.width) { y[row.first + i] = own[j] * scale * weight[i]; }
  }
}
