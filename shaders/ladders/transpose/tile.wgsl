// A transpose through workgroup memory:  y[column, row] = x[row, column]
//
// As ladders/transpose/naive, but the tile is stored in workgroup memory, and transposed there: rows of x are read by
// neighbours, and rows of y written by neighbours. Neighbours now read a column of the tile, whose elements are TILE
// apart: with 32 of them, all in the same bank. Requests one read and one write an element.

const TILE: u32 = 32;
const THREAD_ROWS: u32 = 8;  // of threads, for all rows of a tile

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [cols, rows]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<array<f32, TILE>, TILE>;  // [row, column]

@compute @workgroup_size(TILE, THREAD_ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  for (var j = thread.y; j < TILE; j += THREAD_ROWS) {
    let row = workgroup.y * TILE + j;
    let column = workgroup.x * TILE + thread.x;
    if (row < params.rows && column < params.cols) { tile[j][thread.x] = x[row * params.cols + column]; }
  }
  workgroupBarrier();
  for (var j = thread.y; j < TILE; j += THREAD_ROWS) {
    let column = workgroup.x * TILE + j;
    let row = workgroup.y * TILE + thread.x;
    if (row < params.rows && column < params.cols) { y[column * params.rows + row] = tile[thread.x][j]; }
  }
}
