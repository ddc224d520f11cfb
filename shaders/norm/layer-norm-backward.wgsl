// with: norm/dsum/none, norm/dx/stored, lib/vector/four, lib/row-lanes, lib/reduce
// Gradient of norm/layer-norm:  dx = (g - mean(g) - n·mean(g∘n)) · scale + dsum, g = dy∘weight, n = (x - mean(x)) ·
// scale
//
// LANES threads a row and three passes, as in norm/layer-norm: means, then squared deviations and products with them,
// then dx. Mean and scale of each row are kept for norm/parameter-gradients. Requests 9·rows·cols reads and rows·cols
// writes; dsum adds rows·cols reads.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;          // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<Vector>;     // [cols]
@group(0) @binding(2) var<storage, read> dy: array<Vector>;         // [rows, cols]
@group(0) @binding(3) var<storage, read_write> scales: array<f32>;  // [rows]
@group(0) @binding(6) var<storage, read_write> means: array<f32>;   // [rows]
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var sums = Vector();
  var gradients = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    sums += x[row.first + i];
    gradients += dy[row.first + i] * weight[i];
  }
  let mean = workgroup_sum(vector_sum(sums), thread) / f32(params.cols);
  let gradient = workgroup_sum(vector_sum(gradients), thread) / f32(params.cols);  // mean(g)

  var squares = Vector();
  var products = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    let deviation = x[row.first + i] - mean;
    squares += deviation * deviation;
    products += deviation * (dy[row.first + i] * weight[i]);
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);
  let along = workgroup_sum(vector_sum(products), thread) / f32(params.cols) * scale;  // mean(g∘n)

  for (var i = row.lane; i < row.width; i += LANES) {
    let n = (x[row.first + i] - mean) * scale;
    let g = dy[row.first + i] * weight[i];
    store_dx(row.first + i, (g - gradient - n * along) * scale + load_dsum(row.first + i));
  }
  if (row.lane == 0 && row.width > 0) {
    scales[first_row(grid) + thread / LANES] = scale;
    means[first_row(grid) + thread / LANES] = mean;
  }
}
