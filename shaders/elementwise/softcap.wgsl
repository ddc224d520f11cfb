// with: lib/numbers/softcap, lib/vector/one, lib/grid
// Soft-caps every element between -cap and cap (Gemma 2, section 2):  y = cap * tanh(x / cap)
//
// One thread an element. Requests n reads and n writes.

const WORKGROUP: u32 = 64;

struct Params { n: u32, cap: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i < params.n) { y[i] = capped(x[i]); }
}
