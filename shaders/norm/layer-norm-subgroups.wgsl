// with: norm/row/plain, norm/bias/none, lib/vector/four, lib/run-sums, lib/grid
// Layer norm over the last axis:  y = (x - mean) / sqrt(mean((x - mean)²) + eps) * weight + bias
//
// As norm/layer-norm, with a subgroup for ROWS rows: see norm/rms-norm-subgroups. Requests (3 + 1 / ROWS)·rows·cols
// reads (2 / ROWS with a bias) and rows·cols writes; a residual adds rows·cols of each.
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
  var means: array<f32, ROWS>;
  var scales: array<f32, ROWS>;
  for (var j = 0u; j < ROWS; j++) {
    first[j] = min(first_row + j, params.rows - 1) * width;
    var own: array<f32, OWN_RUNS>;
    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) { run += load_row(first[j] + i); }
      own[r] = vector_sum(run);
    }
    means[j] = sum_of_runs(own) / f32(params.cols);

    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
        let deviation = reload_row(first[j] + i) - means[j];
        run += deviation * deviation;
      }
      own[r] = vector_sum(run);
    }
    scales[j] = inverseSqrt(sum_of_runs(own) / f32(params.cols) + params.eps);
  }

  for (var i = thread; i < width; i += SUBGROUP) {
    let factor = weight[i];
    let shift = load_bias(i);
    for (var j = 0u; j < ROWS; j++) {
      y[first[j] + i] = (reload_row(first[j] + i) - means[j]) * scales[j] * factor + shift;
    }
  }
}
