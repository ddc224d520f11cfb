// with: lib/reduce
// How many targets are not ignored:  count = Σ [targets ≠ ignored]
//
// One workgroup, as a mean over live rows needs one number: each thread strides through the targets, and a tree in
// workgroup memory joins them. The number is an f32, exact up to 2²⁴. Requests rows reads.

const WORKGROUP: u32 = 256;

struct Params { rows: u32, ignored: u32 }

@group(0) @binding(0) var<storage, read> targets: array<u32>;      // [rows]
@group(0) @binding(1) var<storage, read_write> count: array<f32>;  // [1]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  var own = 0u;
  for (var i = thread; i < params.rows; i += WORKGROUP) { own += u32(targets[i] != params.ignored); }
  let all = workgroup_sum(f32(own), thread);
  if (thread == 0) { count[0] = all; }
}
