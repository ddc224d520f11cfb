// with: attention/dropout/none, lib/extent/fixed, lib/grid
// The gradient of attention with its weights in memory, the second kernel, in place:  from the gradients of the weights
// to those of the dot products
//
//   dweights[t, s] = weights * (dweights - out · dout) * derivatives * scale
//
// the gradient of a softmax times the derivatives of its scores. With a scale of 1 they are gradients with respect to
// the variable of these derivatives: scaled dot products, or the value that a score adds to. One thread a pair: 4 reads
// and a write. A pair of weight 0 gives 0, even if its value is NaN.

const WORKGROUP: u32 = 64;

struct Params { h: u32, t: u32, s: u32, size: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> weights: array<f32>;          // [b, h, t, s]
@group(0) @binding(1) var<storage, read> derivatives: array<f32>;           // [b, h, t, s]
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;         // [b, h, t, 2], out · dout second
@group(0) @binding(3) var<storage, read_write> dweights: array<f32>;  // [b, h, t, s], becomes those of the dot products
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let pair = linear_workgroup(grid) * WORKGROUP + thread;
  if (pair >= params.size) { return; }
  let row = pair / params.s;
  let h = row / params.t % params.h;
  let b = row / (params.t * params.h);
  let kept = kept_shares(dropout_key(b, h), first_query(b) + row % params.t, pair % params.s).x;
  let gradient = weights[pair] * (dweights[pair] * kept - stats[row].y) * derivatives[pair] * params.scale;
  dweights[pair] = select(gradient, 0.0, weights[pair] == 0.0);
}
