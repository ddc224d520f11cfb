// with: lib/online-softmax, lib/reduce
// Softmax of long rows, the first of two kernels:  largest = max x,  sum = Σ exp(x - largest),  over a piece of a row
//
// Where there are few rows, a workgroup for each leaves most of a GPU idle, however long they are. So each PIECE
// elements of a row have a workgroup of their own. It finds maximum and sum in one pass, as in softmax/online, but of
// its piece only; ladders/softmax/joined puts them together. Requests rows·cols reads and two writes a piece.

const WORKGROUP: u32 = 128;
const PIECE: u32 = 1024;  // elements of a row

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [rows, cols]
@group(0) @binding(1) var<storage, read_write> stats: array<vec2f>;  // [rows, pieces], largest and sum
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.y;
  let end = min(workgroup.x * PIECE + PIECE, params.cols);
  var largest = LOWEST;  // so far
  var sum = 0.0;         // of exp(x - largest)
  for (var column = workgroup.x * PIECE + thread; column < end; column += WORKGROUP) {
    let value = x[row * params.cols + column];
    let larger = max(largest, value);
    sum = sum * softmax_rescale(largest, larger) + softmax_weight(value, larger);
    largest = larger;
  }
  let of_piece = workgroup_max(largest, thread);
  let total = workgroup_sum(sum * softmax_rescale(largest, of_piece), thread);
  if (thread == 0) { stats[row * workgroups.x + workgroup.x] = vec2f(of_piece, total); }
}
