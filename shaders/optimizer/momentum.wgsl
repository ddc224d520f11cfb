// with: optimizer/clip/none, lib/vector/four, lib/grid
// Momentum in place, and where it points:  v = kept * v + new * g,  update = ahead * g + held * v
//
// g is the gradient times the factor of clipping, plus decay * parameter. SGD (Sutskever et al. 2013; as PyTorch has
// it): kept is mu, new 1; the update is v, or in Nesterov's form g + mu * v. Muon (Jordan 2024): kept is mu, new 1 -
// mu; the update is v, or (1 - mu) * g + mu * v. One thread a Vector: 3 reads and 2 writes.

const WORKGROUP: u32 = 64;

// Counted in Vectors.
struct Params { n: u32, kept: f32, new_: f32, ahead: f32, held: f32, decay: f32 }

@group(0) @binding(0) var<storage, read> gradient: array<Vector>;
@group(0) @binding(1) var<storage, read> parameter: array<Vector>;
@group(0) @binding(2) var<storage, read_write> velocity: array<Vector>;  // v
@group(0) @binding(3) var<storage, read_write> update: array<Vector>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n || !takes_step()) { return; }
  let g = gradient[i] * clip_factor() + params.decay * parameter[i];
  let v = params.kept * velocity[i] + params.new_ * g;
  velocity[i] = v;
  update[i] = params.ahead * g + params.held * v;
}
