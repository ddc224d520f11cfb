// with: norm/dsum/none, norm/dx/stored, norm/partials/both, lib/vector/four, lib/row-lanes, lib/reduce
// Gradients of norm/layer-norm:  dx = (g - mean(g) - n·mean(g∘n)) · scale + dsum, dweights[group] = Σ dy∘n,
// dbiases[group] = Σ dy
//
// As norm/layer-norm-backward and norm/parameter-gradients in one, with rows and sums of columns in registers: see
// norm/rms-norm-backward-registers. Requests 2·rows·cols + groups·cols reads and rows·cols + 2·groups·cols writes; dsum
// adds rows·cols reads.

const WORKGROUP: u32 = 128;
const OWN: u32 = 4;  // Vectors of a thread: at least those of a row, over LANES

struct Params { rows: u32, cols: u32, groups: u32, eps: f32 }

@group(0) @binding(0) var<storage, read> x: array<Vector>;       // [rows, cols]
@group(0) @binding(1) var<storage, read> weight: array<Vector>;  // [cols]
@group(0) @binding(2) var<storage, read> dy: array<Vector>;      // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  if (first_row(grid) >= params.groups) { return; }  // the whole workgroup leaves
  let width = params.cols / WIDTH;
  let group = first_row(grid) + thread / LANES;
  let lane = thread % LANES;
  let own_width = select(0, width, group < params.groups);  // groups past the last only take part in the barriers

  var factors: array<Vector, OWN>;
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + lane;
    if (i < own_width) { factors[j] = weight[i]; }
  }

  var dweight: array<Vector, OWN>;
  var dbias: array<Vector, OWN>;
  for (var begin = 0u; begin < params.rows; begin += params.groups) {
    let row = begin + group;
    let row_width = select(0, own_width, row < params.rows);
    var own: array<Vector, OWN>;  // zero past the end of the row, as are the gradients
    var gradients: array<Vector, OWN>;
    var sums = Vector();
    var weighted = Vector();
    for (var j = 0u; j < OWN; j++) {
      let i = j * LANES + lane;
      if (i < row_width) {
        own[j] = x[row * width + i];
        gradients[j] = dy[row * width + i];
      }
      sums += own[j];
      weighted += gradients[j] * factors[j];
    }
    let mean = workgroup_sum(vector_sum(sums), thread) / f32(params.cols);
    let gradient = workgroup_sum(vector_sum(weighted), thread) / f32(params.cols);  // mean(g)

    var squares = Vector();
    var products = Vector();
    for (var j = 0u; j < OWN; j++) {
      own[j] = select(Vector(), own[j] - mean, j * LANES + lane < row_width);
      squares += own[j] * own[j];
      products += own[j] * (gradients[j] * factors[j]);
    }
    let scale = inverseSqrt(workgroup_sum(vector_sum(squares), thread) / f32(params.cols) + params.eps);
    let along = workgroup_sum(vector_sum(products), thread) / f32(params.cols) * scale;  // mean(g∘n)

    for (var j = 0u; j < OWN; j++) {
      let i = j * LANES + lane;
      if (i < row_width) {
        let n = own[j] * scale;
        let g = gradients[j] * factors[j];
        store_dx(row * width + i, (g - gradient - n * along) * scale + load_dsum(row * width + i));
        dweight[j] += gradients[j] * n;
        dbias[j] += gradients[j];
      }
    }
  }
  for (var j = 0u; j < OWN; j++) {
    let i = j * LANES + lane;
    if (i < own_width) { store_partials(group * width + i, dweight[j], dbias[j]); }
  }
}
