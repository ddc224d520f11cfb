// with: optimizer/clip/none, lib/vector/four, lib/grid
// A step of Lion (Chen et al. 2023, algorithm 2), in place:  with g the gradient times the factor of clipping,
//
//   p = p * (1 - rate * decay) - rate * sign(beta1 * m + (1 - beta1) * g)        m = beta2 * m + (1 - beta2) * g
//
// The rate changes from step to step, so it is read from memory. One thread a Vector: 3 reads and 2 writes.

const WORKGROUP: u32 = 64;

// Counted in Vectors; the mean's decay and the share of new values: for the direction, and for the next step.
struct Params { n: u32, kept1: f32, new1: f32, kept2: f32, new2: f32, decay: f32 }

@group(0) @binding(0) var<storage, read> gradient: array<Vector>;
@group(0) @binding(1) var<storage, read> scalars: array<f32>;            // learning rate
@group(0) @binding(2) var<storage, read_write> parameter: array<Vector>;
@group(0) @binding(3) var<storage, read_write> first: array<Vector>;     // m, the mean of gradients
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n || !takes_step()) { return; }
  let rate = scalars[0];
  let g = gradient[i] * clip_factor();
  let direction = sign(params.kept1 * first[i] + params.new1 * g);
  first[i] = params.kept2 * first[i] + params.new2 * g;
  parameter[i] = parameter[i] * (1.0 - rate * params.decay) - rate * direction;
}
