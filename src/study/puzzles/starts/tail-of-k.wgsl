// A product by tiles:  y[row, column] = Σ x[row, i] · weight[column, i]

const TILE: u32 = 8;

struct Params { rows: u32, k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [n, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, n]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> x_tile: array<array<f32, TILE>, TILE>;
var<workgroup> weight_tile: array<array<f32, TILE + 1>, TILE>;

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let row = workgroup.y * TILE + thread.y;
  let column = workgroup.x * TILE + thread.x;
  let weight_row = workgroup.x * TILE + thread.y;
  var sum = 0.0;
  for (var first = 0u; first < params.k; first += TILE) {
    let i = first + thread.x;
    x_tile[thread.y][thread.x] = 0.0;
    weight_tile[thread.y][thread.x] = 0.0;
    if (row < params.rows) { x_tile[thread.y][thread.x] = x[row * params.k + i]; }
    if (weight_row < params.n) { weight_tile[thread.y][thread.x] = weight[weight_row * params.k + i]; }
    workgroupBarrier();
    for (var j = 0u; j < TILE; j++) { sum = fma(x_tile[thread.y][j], weight_tile[thread.x][j], sum); }
    workgroupBarrier();
  }
  if (row < params.rows && column < params.n) { y[row * params.n + column] = sum; }
}
