// Negation by more workgroups than one axis of the grid may have:  y[i] = -x[i]

const WORKGROUP: u32 = 4;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = workgroup.x * WORKGROUP + thread;
  if (i < params.n) { y[i] = -x[i]; }
}
