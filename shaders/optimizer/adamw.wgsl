// with: optimizer/clip/none, lib/vector/four, lib/grid
// A step of AdamW (Loshchilov and Hutter 2019, algorithm 2), in place:  with g the gradient times the factor of
// clipping,
//
//   m = beta1 * m + (1 - beta1) * g        v = beta2 * v + (1 - beta2) * g²
//   p = p * (1 - rate * decay) - rate * (m * correction1) / (sqrt(v * correction2) + eps)
//
// Rate and corrections change from step to step, so they are read from memory. One thread a Vector: 4 reads and 3
// writes.

const WORKGROUP: u32 = 64;

// Counted in Vectors; the decay of each mean, and the share of new values in it.
struct Params { n: u32, kept1: f32, new1: f32, kept2: f32, new2: f32, eps: f32, decay: f32 }

@group(0) @binding(0) var<storage, read> gradient: array<Vector>;
@group(0) @binding(1) var<storage, read> scalars: array<f32>;            // learning rate, 1 / (1 - beta1ᵗ), 1 / (1 - beta2ᵗ)
@group(0) @binding(2) var<storage, read_write> parameter: array<Vector>;
@group(0) @binding(3) var<storage, read_write> first: array<Vector>;     // m, the mean of gradients
@group(0) @binding(4) var<storage, read_write> second: array<Vector>;    // v, the mean of their squares
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n || !takes_step()) { return; }
  let rate = scalars[0];
  let g = gradient[i] * clip_factor();
  let mean = params.kept1 * first[i] + params.new1 * g;
  let square = params.kept2 * second[i] + params.new2 * (g * g);
  first[i] = mean;
  second[i] = square;
  let update = (mean * scalars[1]) / (sqrt(square * scalars[2]) + params.eps);
  parameter[i] = parameter[i] * (1.0 - rate * params.decay) - rate * update;
}
