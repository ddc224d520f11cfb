// with: norm/dsum/none, norm/dx/stored, norm/partials/weight, lib/vector/four, lib/run-sums, lib/grid
// Gradients of norm/rms-norm:  dx = (g - n·mean(g∘n)) · scale + dsum, dweights[group] = Σ dy∘n, g = dy∘weight, n = x ·
// scale
//
// As norm/rms-norm-backward-registers, with a subgroup for each group, which takes ROWS of its rows at a time: sums of
// a row meet by shuffles, without barriers, and each load of the weight, and each change of the sums of columns, serves
// all of these rows. Requests (5 + 1 / ROWS)·rows·cols reads and rows·cols writes, and 2·rows·cols / ROWS of each for
// the sums of columns, the first time no reads; dsum adds rows·cols reads.
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
  var scales: array<f32, ROWS>;
  var along: array<f32, ROWS>;  // mean(g∘n)
  for (var j = 0u; j < ROWS; j++) {
    let own_row = row + j * params.groups;
    first[j] = select(row, own_row, own_row < params.rows) * width;
    var squares: array<f32, OWN_RUNS>;
    var products: array<f32, OWN_RUNS>;
    for (var r = 0u; r < OWN_RUNS; r++) {
      var run = Vector();
      var product = Vector();
      for (var i = r * SUBGROUP + thread; i < width; i += RUNS) {
        let value = x[first[j] + i];
        run += value * value;
        product += value * (dy[first[j] + i] * weight[i]);
      }
      squares[r] = vector_sum(run);
      products[r] = vector_sum(product);
    }
    scales[j] = inverseSqrt(sum_of_runs(squares) / f32(params.cols) + params.eps);
    along[j] = sum_of_runs(products) / f32(params.cols) * scales[j];
  }

  for (var i = thread; i < width; i += SUBGROUP) {
    let factor = weight[i];
    var dweight = Vector();
    for (var j = 0u; j < ROWS; j++) {
      let n = x[first[j] + i] * scales[j];
      let gradient = dy[first[j] + i];
      store_dx(first[j] + i, (gradient * factor - n * along[j]) * scales[j] + load_dsum(first[j] + i));
      dweight += select(Vector(), gradient * n, row + j * params.groups < params.rows);
    }
    if (row == group) { store_partials(group * width + i, dweight, Vector()); }
    else { add_partials(group * width + i, dweight, Vector()); }
  }
}
