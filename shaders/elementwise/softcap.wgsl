// with: lib/not-finite, lib/grid
// Bends every element to stay between -cap and cap (Gemma 2, section 2):  y = cap * tanh(x / cap)
//
// One thread an element. NaN and infinities stay as they are, so that what looks for them finds them. Beyond FURTHEST
// tanh is 1 in f32, and what it is computed of might not be finite; below NEAREST it is the difference of two
// exponentials close to 1, and its series is exact. Requests n reads and n writes.

const WORKGROUP: u32 = 64;
const FURTHEST: f32 = 10.0;
const NEAREST: f32 = 0.25;

struct Params { n: u32, cap: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let value = x[i];
  let u = value / params.cap;
  let square = u * u;
  let series = u + u * square * (-1.0 / 3.0 + square * (2.0 / 15.0 - square * (17.0 / 315.0)));
  let bent = select(tanh(clamp(u, -FURTHEST, FURTHEST)), series, abs(u) < NEAREST);
  y[i] = select(params.cap * bent, value, exponent_of(value) == 0x7f800000u);
}
