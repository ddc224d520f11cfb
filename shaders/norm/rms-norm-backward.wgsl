// with: norm/dsum/none, norm/dx/stored, lib/vector/four, lib/row-lanes, lib/reduce
// Gradient of norm/rms-norm:  dx = (g - n·mean(g∘n)) · scale + dsum, g = dy∘weight, n = x · scale, scale = 1 /
// sqrt(mean(x²) + eps)
//
// LANES threads a row, as in norm/rms-norm. A first pass adds up squares and products, for scale and
// mean(g∘n); a second one writes dx. The scale of each row is kept for norm/parameter-gradients. n is never y / weight:
// a weight may be 0. Requests 6·rows·cols reads and rows·cols writes; dsum adds rows·cols reads.

const WORKGROUP: u32 = 128;

struct Params { rows: u32, cols: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;          // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<Vector>;     // [cols]
@group(0) @binding(2) var<storage, read> dy: array<Vector>;         // [rows, cols]
@group(0) @binding(3) var<storage, read_write> scales: array<f32>;  // [rows]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.rows) { return; }  // the whole workgroup leaves
  let row = row_lane(grid, thread);

  var squares = Vector();
  var products = Vector();
  for (var i = row.lane; i < row.width; i += LANES) {
    let value = x[row.first + i];
    squares += value * value;
    products += value * (dy[row.first + i] * weight[i]);
  }
  let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);
  let along = workgroup_sum(vector_sum(products), thread) / f32(params.cols) * scale;  // mean(g∘n)

  for (var i = row.lane; i < row.width; i += LANES) {
    let n = x[row.first + i] * scale;
    let g = dy[row.first + i] * weight[i];
    store_dx(row.first + i, (g - n * along) * scale + load_dsum(row.first + i));
  }
  if (row.lane == 0 && row.width > 0) { scales[first_row(grid) + thread / LANES] = scale; }
}
