// with: gemm/a-quads/any, gemm/b-quads/any, gemm/block
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/registers-2d, but four elements at a time: a thread loads a quad of a or b, 4 × 4 elements, in four loads
// along the axis whose elements are neighbours in memory, which is a part. A quad lies in workgroup memory as four
// vectors, so that 16 loads from there serve 64 products in one. Where no axis of a matrix has neighbours in fours, its
// quads are loaded element by element.
// Requests k / TILE reads of each matrix for each output, four elements at a time.

const TILES: u32 = 1;
const PITCH: u32 = QUADS;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sums: Sums;
  for (var first = 0u; first < params.k; first += DEPTH) {
    place_quad(0, thread, load_quad(workgroup, first, thread));
    workgroupBarrier();
    sums = add_tile(0, thread, sums);
    workgroupBarrier();
  }
  store_block(workgroup, thread, sums);
}
