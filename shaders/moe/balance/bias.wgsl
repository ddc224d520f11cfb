// with: optimizer/clip/none
// Moves the bias by which experts are chosen towards balance:  bias[e] += rate · sign(mean count − count(e))
//
// Auxiliary-loss-free balancing (Wang et al. 2024): an expert with fewer choices than the mean is chosen more often
// from now on, one with more less often. Counts are whole numbers in f32, so an expert with the mean itself stays, as
// all do where there is no step. One workgroup. Requests EXPERTS reads a thread.

const EXPERTS: u32 = 8;
const WORKGROUP: u32 = 64;

struct Params { rate: f32 }

@group(0) @binding(0) var<storage, read> sums: array<f32>;        // [2 · EXPERTS + 1], see moe/balance/statistics
@group(0) @binding(1) var<storage, read_write> bias: array<f32>;  // [EXPERTS]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  if (!takes_step()) { return; }
  var all = 0.0;
  for (var e = 0u; e < EXPERTS; e++) { all += sums[EXPERTS + e]; }
  for (var e = thread; e < EXPERTS; e += WORKGROUP) {
    bias[e] += params.rate * sign(all - f32(EXPERTS) * sums[EXPERTS + e]);
  }
}
