// with: lib/reduce
// The mean loss of the rows that count:  loss = Σ losses / count,  0 where none counts
//
// One workgroup: each thread strides through the losses in runs (shaders/README.md), and a tree in workgroup memory
// joins them. Ignored rows have losses of 0. Requests rows reads.

const WORKGROUP: u32 = 256;
const RUN: u32 = 32 * WORKGROUP;  // losses

struct Params { rows: u32 }

@group(0) @binding(0) var<storage, read> losses: array<f32>;      // [rows]
@group(0) @binding(1) var<storage, read> count: array<f32>;       // [1]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;  // [1]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var begin = thread; begin < params.rows; begin += RUN) {
    var run = 0.0;
    for (var i = begin; i < min(begin + RUN, params.rows); i += WORKGROUP) { run += losses[i]; }
    sum += run;
  }
  let all = workgroup_sum(sum, thread);
  if (thread == 0) { loss[0] = select(0.0, all / count[0], count[0] > 0.0); }
}
