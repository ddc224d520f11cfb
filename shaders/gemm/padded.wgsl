// with: gemm/a-quads/any, gemm/b-quads/any, gemm/block
// Matrix product:  y[row, column] = activation(Σ a[row, i] · b[i, column] + bias[column])
//
// As gemm/vectors, with one vector more from one i to the next. Workgroup memory has 32 banks of four bytes on many
// GPUs, so that eight threads store eight vectors at a time if no two are in the same banks: their numbers modulo 8
// must differ. Of eight threads that store quads side by side four have the same i, and the others an i larger by 4:
// with a pitch of 16 these are 64 vectors apart, in the same banks, and each store takes two turns. With 17 they are 68
// apart, and it takes one.
// Requests k / TILE reads of each matrix for each output, four elements at a time.

const TILES: u32 = 1;
const PITCH: u32 = QUADS + 1;

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
