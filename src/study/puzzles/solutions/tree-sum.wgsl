// Sums of blocks of 256:  y[b] = Σ x[256 b + i]

const WORKGROUP: u32 = 256;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n / 256, rounded up]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * WORKGROUP + thread;
  partial[thread] = 0.0;
  if (i < params.n) { partial[thread] = x[i]; }
  for (var step = WORKGROUP / 2; step > 0; step /= 2) {
    workgroupBarrier();
    if (thread < step) { partial[thread] += partial[thread + step]; }
  }
  if (thread == 0) { y[workgroup.x] = partial[0]; }
}
