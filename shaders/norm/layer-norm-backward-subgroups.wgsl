// with: norm/dsum/none, norm/dx/stored, norm/partials/both, lib/vector/four, lib/run-sums, lib/grid
// Gradients of norm/layer-norm:  dx = (g - mean(g) - n·mean(g∘n)) · scale + dsum, dweights[group] = Σ dy∘n,
// dbiases[group] = Σ dy
//
// As norm/layer-norm-backward-registers, with a subgroup for each group: see norm/rms-norm-backward-subgroups.
// Requests (8 + 1 / ROWS)·rows·cols reads and rows·cols writes, and 4·rows·cols / ROWS of each for the sums of columns,
// the first time no reads; dsum adds rows·cols reads.
enable subgroups;

const ROWS: u32 = 4;  // of a group at a time

struct Params { rows: u32, cols: u32, groups: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;       // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<Vector>;  // [cols]
@group(0) @binding(2) var<storage, read> dy: array<Vector>;      // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(grid: Grid, @builtin(subgroup_invocation_id) thread: u32) {
  let group = linear_workgroup(grid);
  if (group >= params.groups) { return; }  // the whole workgroup leaves
  for (var row = group; row < params.rows; row += ROWS * params.groups) { add_rows(group, row, thread); }
}

fn add_rows(group: u32, row: u32, thread: u32) {
  let width = params.cols / WIDTH;
  var first: array<u32, ROWS>;  // Vector with which a row begins; past the last row the first again
  var means: array<f32, ROWS>;
  var scales: array<f32, ROWS>;
  var gradients: array<f32, ROWS>;  // mean(g)
  var along: array<f32, ROWS>;      // mean(g∘n)
  for (var j = 0u; j < ROWS; j++) {
    let own_row = row + j * params.groups;
    first[j] = select(row, own_row, own_row < params.rows) * width;
    var sums: array<f32, OWN_RUNS>;
    var others: array<f32, OWN_RUNS>;
    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      var weighted = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
        run += x[first[j] + i];
        weighted += dy[first[j] + i] * weight[i];
      }
      sums[r] = vector_sum(run);
      others[r] = vector_sum(weighted);
    }
    means[j] = sum_of_runs(sums) / f32(params.cols);
    gradients[j] = sum_of_runs(others) / f32(params.cols);

    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      var product = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
        let deviation = x[first[j] + i] - means[j];
        run += deviation * deviation;
        product += deviation * (dy[first[j] + i] * weight[i]);
      }
      sums[r] = vector_sum(run);
      others[r] = vector_sum(product);
    }
    scales[j] = inverseSqrt(sum_of_runs(sums) / f32(params.cols) + params.eps);
    along[j] = sum_of_runs(others) / f32(params.cols) * scales[j];
  }

  for (var i = thread; i < width; i += SUBGROUP) {
    let factor = weight[i];
    var dweight = Vector();
    var dbias = Vector();
    for (var j = 0u; j < ROWS; j++) {
      let n = (x[first[j] + i] - means[j]) * scales[j];
      let gradient = dy[first[j] + i];
      let g = gradient * factor;
      store_dx(first[j] + i, (g - gradients[j] - n * along[j]) * scales[j] + load_dsum(first[j] + i));
      dweight += select(Vector(), gradient * n, row + j * params.groups < params.rows);
      dbias += select(Vector(), gradient, row + j * params.groups < params.rows);
    }
    if (row == group) { store_partials(group * width + i, dweight, dbias); }
    else { add_partials(group * width + i, dweight, dbias); }
  }
}
