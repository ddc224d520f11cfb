// A transpose:  y[column, row] = x[row, column]

const TILE: u32 = 16;

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [cols, rows]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<array<f32, TILE + 1>, TILE>;  // [row, column]

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let row = workgroup.y * TILE + thread.y;
  let column = workgroup.x * TILE + thread.x;
  if (row < params.rows && column < params.cols) { tile[thread.y][thread.x] = x[row * params.cols + column]; }
  workgroupBarrier();
  let y_row = workgroup.x * TILE + thread.y;
  let y_column = workgroup.y * TILE + thread.x;
  if (y_row < params.cols && y_column < params.rows) {
    y[y_row * params.rows + y_column] = tile[thread.x][thread.y];
  }
}
