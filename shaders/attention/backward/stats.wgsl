// with: lib/grid
// What the gradients of a row need of it:  stats[b, h, t] = log-sum-exp, out · dout
//
// The second is what the gradient of a softmax subtracts, the sum of weights · their gradients, without the weights
// (Dao et al. 2022, appendix B.4). One thread a row: 2·dv + 1 reads. Both are views whose last axis is contiguous. They
// are one buffer, since the kernels that read them have few to spare.

const WORKGROUP: u32 = 64;

struct Params {
  rows: u32,                                                                  // b·h·t
  h: u32, t: u32, dv: u32,
  out_first: u32, out_batch: u32, out_head: u32, out_token: u32,              // where out begins, and its strides
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,
}

@group(0) @binding(0) var<storage, read> out: array<f32>;            // [b, h, t, dv]
@group(0) @binding(1) var<storage, read> dout: array<f32>;           // [b, h, t, dv]
@group(0) @binding(2) var<storage, read> lse: array<f32>;            // [b, h, t]
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;  // [b, h, t, 2]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let t = row % params.t;
  let h = row / params.t % params.h;
  let b = row / (params.t * params.h);
  let first = params.out_first + b * params.out_batch + h * params.out_head + t * params.out_token;
  let dfirst = params.dout_first + b * params.dout_batch + h * params.dout_head + t * params.dout_token;
  var sum = 0.0;
  for (var i = 0u; i < params.dv; i++) {
    sum = fma(out[first + i], dout[dfirst + i], sum);
  }
  stats[row] = vec2f(lse[row], sum);
}
