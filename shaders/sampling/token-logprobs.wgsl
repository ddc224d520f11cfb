// with: sampling/log-sum, lib/grid
// Log-probability of one token per row:  logprob = l[target] − log Σ exp(l)
//
// One workgroup a row, which it reads twice: for the largest logit and for the sum. Targets outside the vocabulary give
// NaN, and so does a row that holds NaN or +∞, or nothing above −∞. Requests 2·v reads a row.

const WORKGROUP: u32 = 256;

struct Params { t: u32, v: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [t, v]
@group(0) @binding(1) var<storage, read> targets: array<u32>;         // [t]
@group(0) @binding(2) var<storage, read_write> logprobs: array<f32>;  // [t]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.t) { return; }  // the whole workgroup leaves
  let first = row * params.v;
  let sum = log_sum(first, params.v, thread);
  if (thread == 0) { logprobs[row] = logprob(first, params.v, targets[row], sum); }
}
