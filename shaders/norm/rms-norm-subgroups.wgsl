// with: norm/row/plain, lib/vector/four, lib/run-sums, lib/grid
// Root-mean-square norm over the last axis:  y = x / sqrt(mean(x * x) + eps) * weight
//
// As norm/rms-norm, with a subgroup for ROWS rows: sums meet by shuffles, without workgroup memory and barriers, and
// each load of the weight serves all of its rows. A row's bits do not depend on the size of a subgroup. Requests (2 + 1
// / ROWS)·rows·cols reads and rows·cols writes; a residual adds rows·cols of each. Choose it where subgroups all have
// one size and a shuffle costs less than a barrier.
enable subgroups;

const ROWS: u32 = 4;  // of a subgroup

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(1) var<storage, read> weight: array<Vector>;   // [cols]
@group(0) @binding(2) var<storage, read_write> y: array<Vector>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let first_row = linear_workgroup(grid) * ROWS;
  if (first_row >= params.rows) { return; }  // the whole workgroup leaves
  let width = params.cols / WIDTH;

  var first: array<u32, ROWS>;  // Vector with which a row begins; past the last row the last again
  var scales: array<f32, ROWS>;
  for (var j = 0u; j < ROWS; j++) {
    first[j] = min(first_row + j, params.rows - 1) * width;
    var squares: array<f32, OWN_RUNS>;
    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
        let value = load_row(first[j] + i);
        run += value * value;
      }
      squares[r] = vector_sum(run);
    }
    scales[j] = inverseSqrt(sum_of_runs(squares) / f32(params.cols) + params.eps);
  }

  for (var i = thread; i < width; i += SUBGROUP) {
    let factor = weight[i];
    for (var j = 0u; j < ROWS; j++) {
      y[first[j] + i] = reload_row(first[j] + i) * scales[j] * factor;
    }
  }
}
