// A transpose, straight from memory to memory:  y[column, row] = x[row, column]
//
// The first rung. A workgroup moves a tile of TILE × TILE elements. Neighbouring threads read neighbours of a row of x,
// and write them below one another: each into another row of y, so into a sector of 32 bytes of its own. Requests one
// read and one write an element.

const TILE: u32 = 32;
const THREAD_ROWS: u32 = 8;  // of threads, for all rows of a tile

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [cols, rows]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(TILE, THREAD_ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let column = workgroup.x * TILE + thread.x;
  for (var j = thread.y; j < TILE; j += THREAD_ROWS) {
    let row = workgroup.y * TILE + j;
    if (row < params.rows && column < params.cols) {
      y[column * params.rows + row] = x[row * params.cols + column];
    }
  }
}
