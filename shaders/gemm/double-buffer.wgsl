// with: gemm/a-quads/any, gemm/b-quads/any, gemm/block
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/padded, with two tiles of each matrix: while the products of one are added up, the loads for the other are
// in flight, and it is stored where nothing is read. So a step waits for memory only as long as its products take less
// time, and for one barrier, not two.
// Requests k / TILE reads of each matrix for each output, four elements at a time.

const TILES: u32 = 2;
const PITCH: u32 = QUADS + 1;
const_assert 2 * TILES * DEPTH * PITCH * 16 <= 16384;  // workgroup memory that every device has

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sums: Sums;
  var tile = 0u;
  place_quad(tile, thread, load_quad(workgroup, 0, thread));
  workgroupBarrier();
  for (var first = DEPTH; first < params.k; first += DEPTH) {
    let next = load_quad(workgroup, first, thread);
    sums = add_tile(tile, thread, sums);
    tile = 1 - tile;
    place_quad(tile, thread, next);
    workgroupBarrier();
  }
  sums = add_tile(tile, thread, sums);
  store_block(workgroup, thread, sums);
}
