// with: lib/weight/f32, lib/bias/none
// Linear layer:  y[row, column] = Σ x[row, i] · weight[column, i] + bias[column]
//
// A workgroup computes a tile of TILE × TILE outputs, one per thread. Tiles of x and of the weight are brought into
// workgroup memory, where each value is used TILE times; past the edges they hold zeros. The weight may be a segment,
// rows `begin` to `begin + n` of `total`; y has all columns. Requests 2·k / TILE reads from memory, and 2·k from
// workgroup memory, for each output. Takes any k.

const TILE: u32 = 16;
const_assert TILE * TILE <= 256;  // threads that every device takes

struct Params { rows: u32, k: u32, n: u32, begin: u32, total: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, total]
@group(0) @binding(3) var<uniform> params: Params;

// One more element a row, so that threads in neighbouring columns read different banks.
var<workgroup> x_tile: array<array<f32, TILE + 1>, TILE>;       // [row, i]
var<workgroup> weight_tile: array<array<f32, TILE + 1>, TILE>;  // [column, i]

// For lib/weight, which declares binding 1.
fn weight_columns() -> u32 {
  return params.k;
}

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let row = workgroup.y * TILE + thread.y;
  let column = workgroup.x * TILE + thread.x;
  let weight_row = workgroup.x * TILE + thread.y;  // the one this thread loads: neighbours read along i

  var sum = 0.0;
  for (var first = 0u; first < params.k; first += TILE) {
    let i = first + thread.x;
    var x_value = 0.0;
    var weight_value = 0.0;
    if (row < params.rows && i < params.k) { x_value = x[row * params.k + i]; }
    if (weight_row < params.n && i < params.k) { weight_value = load_weight(weight_row, i); }
    x_tile[thread.y][thread.x] = x_value;
    weight_tile[thread.y][thread.x] = weight_value;
    workgroupBarrier();
    for (var j = 0u; j < TILE; j++) {
      sum += x_tile[thread.y][j] * weight_tile[thread.x][j];
    }
    workgroupBarrier();  // before the next tiles replace these
  }
  if (row < params.rows && column < params.n) {
    y[row * params.total + params.begin + column] = sum + bias_at(params.begin + column);
  }
}
