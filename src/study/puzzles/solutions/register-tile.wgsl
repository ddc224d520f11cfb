// A product, 4 × 4 elements a thread:  y[row, column] = Σ x[row, i] · weight[column, i]

const THREADS: u32 = 8;
const SIDE: u32 = 4;

struct Params { rows: u32, k: u32, n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, k]
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [n, k]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(THREADS, THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let first_row = (workgroup.y * THREADS + thread.y) * SIDE;
  let first_column = (workgroup.x * THREADS + thread.x) * SIDE;
  var sums: array<array<f32, SIDE>, SIDE>;
  for (var l = 0u; l < params.k; l++) {
    var column_of_x: array<f32, SIDE>;
    for (var i = 0u; i < SIDE; i++) { column_of_x[i] = x[min(first_row + i, params.rows - 1) * params.k + l]; }
    for (var j = 0u; j < SIDE; j++) {
      let own = weight[min(first_column + j, params.n - 1) * params.k + l];
      for (var i = 0u; i < SIDE; i++) { sums[i][j] = fma(column_of_x[i], own, sums[i][j]); }
    }
  }
  for (var i = 0u; i < SIDE; i++) {
    for (var j = 0u; j < SIDE; j++) {
      let row = first_row + i;
      let column = first_column + j;
      if (row < params.rows && column < params.n) { y[row * params.n + column] = sums[i][j]; }
    }
  }
}
