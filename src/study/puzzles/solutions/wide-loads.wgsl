// Halves, four elements a thread:  y[i] = x[i] / 2

const WORKGROUP: u32 = 64;

struct Params { n: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [n / 4], the last one may have elements beyond n
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;  // [n / 4]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.x;
  if (4 * i + 4 <= params.n) {
    y[i] = 0.5 * x[i];
    return;
  }
  for (var j = 0u; 4 * i + j < params.n; j++) { y[i][j] = 0.5 * x[i][j]; }
}
