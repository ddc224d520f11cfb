// y = 2 · x + 1
//
// Write or paste a kernel of your own here, and give its buffers and workgroups below.

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= arrayLength(&y)) { return; }
  y[i] = 2.0 * x[i] + 1.0;
}
