// Differences inside of blocks:  y[i] = x[i] - x[i - 1], and y[i] = x[i] for the first of 64

const WORKGROUP: u32 = 64;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * WORKGROUP + thread;
  if (i < params.n) { tile[thread] = x[i]; }
  workgroupBarrier();
  if (i < params.n) {
    var left = 0.0;
    if (thread > 0) { left = tile[thread - 1]; }
    y[i] = tile[thread] - left;
  }
}
