// with: gemm/a/f32, gemm/b/f32, gemm/operands
// Split-K, first half:  partial[s, row, column] = Σ a[row, i] · b[i, column] over the s-th run of i
//
// As gemm/tiled, but a workgroup adds up only `run` values of i. Where y is small and k long, as for the gradient of a
// weight with few outputs, a tile a workgroup would leave most of a GPU idle: here every tile has `splits` of them.
// gemm/split-k/join adds up their sums.
// Requests 2·k / TILE reads from memory for each output.

const TILE: u32 = 16;
const_assert TILE * TILE <= 256;  // threads that every device takes

// How many runs k is cut into, and their length, a multiple of TILE.
struct Split { splits: u32, run: u32 }

@group(0) @binding(2) var<storage, read_write> partial: array<f32>;  // [splits, batch, m, n]
@group(0) @binding(4) var<uniform> split: Split;

var<workgroup> a_tile: array<array<f32, TILE>, TILE>;  // [row, i]
var<workgroup> b_tile: array<array<f32, TILE>, TILE>;  // [i, column]

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let batch = workgroup.z / split.splits;
  let s = workgroup.z % split.splits;
  let row = workgroup.y * TILE + thread.y;
  let column = workgroup.x * TILE + thread.x;
  let end = min((s + 1) * split.run, params.k);
  let a_first = a_start(batch);
  let b_first = b_start(batch);

  var sum = 0.0;
  for (var first = s * split.run; first < end; first += TILE) {
    let a_i = first + thread.x;
    let b_i = first + thread.y;
    var a_value = 0.0;
    var b_value = 0.0;
    if (row < params.m && a_i < end) { a_value = load_a(a_index(a_first, row, a_i)); }
    if (column < params.n && b_i < end) { b_value = load_b(b_index(b_first, b_i, column)); }
    a_tile[thread.y][thread.x] = a_value;
    b_tile[thread.y][thread.x] = b_value;
    workgroupBarrier();
    for (var i = 0u; i < TILE; i++) {
      sum = fma(a_tile[thread.y][i], b_tile[i][thread.x], sum);
    }
    workgroupBarrier();
  }
  if (row < params.m && column < params.n) {
    partial[((s * params.batch + batch) * params.m + row) * params.n + column] = sum;
  }
}
