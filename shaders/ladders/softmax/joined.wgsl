// with: lib/online-softmax
// Softmax of long rows, the second of two kernels:  y = exp(x - max x) / Σ exp(x - max x)
//
// Workgroups cannot wait for one another, but a dispatch begins after the one before it: all maxima and sums of
// ladders/softmax/pieces are there. Each thread joins those of its row for itself, by the step of an online softmax,
// and then has elements of one piece. Requests rows·cols reads and writes, and two reads a piece and thread.

const WORKGROUP: u32 = 128;
const PIECE: u32 = 1024;  // elements of a row, as in ladders/softmax/pieces

struct Params { rows: u32, cols: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [rows, cols]
@group(0) @binding(1) var<storage, read> stats: array<vec2f>;  // [rows, pieces], largest and sum
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, cols]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = workgroup.y;
  var largest = LOWEST;  // of the pieces so far
  var sum = 0.0;         // of exp(x - largest)
  for (var piece = 0u; piece < workgroups.x; piece++) {
    let own = stats[row * workgroups.x + piece];
    let larger = max(largest, own.x);
    sum = sum * softmax_rescale(largest, larger) + own.y * softmax_rescale(own.x, larger);
    largest = larger;
  }
  let end = min(workgroup.x * PIECE + PIECE, params.cols);
  for (var column = workgroup.x * PIECE + thread; column < end; column += WORKGROUP) {
    let i = row * params.cols + column;
    y[i] = softmax_weight(x[i], largest) / sum;
  }
}
