// with: optimizer/clip/none, lib/vector/four, lib/grid
// A parameter against an update, in place, with decay:  p = p * (1 - rate * decay) - rate * scale * update
//
// The rate changes from step to step, so it is read from memory. One thread a Vector: 2 reads and a write.

const WORKGROUP: u32 = 64;

struct Params { n: u32, decay: f32, scale: f32 }  // n counts Vectors

@group(0) @binding(0) var<storage, read> update: array<Vector>;
@group(0) @binding(1) var<storage, read> scalars: array<f32>;             // learning rate
@group(0) @binding(2) var<storage, read_write> parameter: array<Vector>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n || !takes_step()) { return; }
  let rate = scalars[0];
  parameter[i] = parameter[i] * (1.0 - rate * params.decay) - rate * params.scale * update[i];
}
