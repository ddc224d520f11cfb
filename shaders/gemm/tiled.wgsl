// with: gemm/a/f32, gemm/b/f32, gemm/operands, gemm/store
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// A workgroup computes TILE × TILE outputs, one per thread. Its threads copy tiles of a and b into workgroup memory,
// one element each, where every element is then used TILE times. Past the edges tiles hold zeros. The first barrier
// waits until the tiles are whole, the second until all have read them.
// Requests 2·k / TILE reads from memory, and 2·k from workgroup memory, for each output.

const TILE: u32 = 16;
const_assert TILE * TILE <= 256;  // threads that every device takes

var<workgroup> a_tile: array<array<f32, TILE>, TILE>;  // [row, i]
var<workgroup> b_tile: array<array<f32, TILE>, TILE>;  // [i, column]

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let batch = workgroup.z;
  let row = workgroup.y * TILE + thread.y;
  let column = workgroup.x * TILE + thread.x;
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sum = 0.0;
  for (var first = 0u; first < params.k; first += TILE) {
    let a_i = first + thread.x;
    let b_i = first + thread.y;
    var a_value = 0.0;
    var b_value = 0.0;
    if (row < params.m && a_i < params.k) { a_value = load_a(a_index(a_first, row, a_i)); }
    if (column < params.n && b_i < params.k) { b_value = load_b(b_index(b_first, b_i, column)); }
    a_tile[thread.y][thread.x] = a_value;
    b_tile[thread.y][thread.x] = b_value;
    workgroupBarrier();
    for (var i = 0u; i < TILE; i++) {
      sum = fma(a_tile[thread.y][i], b_tile[i][thread.x], sum);
    }
    workgroupBarrier();
  }
  store(batch, row, column, sum);
}
