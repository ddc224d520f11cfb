// with: attention/masks/full, lib/extent/fixed
// with: attention/views, lib/grid
// Attention in three kernels, the last:  out[t, dv] = weights[t, s] · v[s, dv]
//
// One thread per element of out: 2·s reads for 2·s operations. It adds up key by key, so that small weights may be lost
// in a large sum; all other variants sum in runs (shaders/README.md). A key of weight 0 is skipped: the mask hides it,
// so it may hold NaN. (attention/address calls a mask, so there is one: masks/full, which hides nothing.) Heads lie
// inside tokens in out, so that the linear layer after it reads each token as one row.

const WORKGROUP: u32 = 64;

struct Params { h: u32, g: u32, t: u32, s: u32, width: u32, size: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read> weights: array<f32>;    // [b, h, t, s]
@group(0) @binding(1) var<storage, read> v: array<f32>;          // [b, g, s, dv]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;  // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let column = i % params.width;
  let h = i / params.width % params.h;
  let t = i / (params.width * params.h) % params.t;
  let b = i / (params.width * params.h * params.t);
  let group = h / (params.h / params.g);
  let first = ((b * params.h + h) * params.t + t) * params.s;

  var sum = 0.0;
  let keys = key_count(b);
  for (var key = 0u; key < keys; key++) {
    let weight = weights[first + key];
    if (weight != 0.0) { sum = fma(weight, v[v_row(b, group, key) + column], sum); }
  }
  out[i] = sum;
}
