// A transpose through workgroup memory, without bank conflicts:  y[column, row] = x[row, column]
//
// As ladders/transpose/tile, with one more element in each row of the tile: those of a column are 33 apart, each in the
// bank after the one before. Nothing else differs. Requests one read and one write an element.

const TILE: u32 = 32;
const THREAD_ROWS: u32 = 8;  // of threads, for all rows of a tile

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [cols, rows]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<array<f32, TILE + 1>, TILE>;  // [row, column]

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
