// with: lib/numbers/threefry, lib/grid
// Dropout:  y = x / (1 − rate) where the element's random word is at least rate · 2³², 0 elsewhere
//
// As elementwise/dropout, bit for bit, with one thread two pairs of elements, which are a vector. Requests 1 read and 1
// write an element, and 2 reads a vector. Needs n to be a multiple of 4.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,          // in vectors
  site: u32,       // above the streams of sampling and of random tensors
  threshold: u32,  // rate · 2³²
  scale: f32,      // 1 / (1 − rate)
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [n]
@group(0) @binding(1) var<storage, read> key: array<u32>;        // [2]: seed, step
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let own_key = vec2u(key[0], key[1]);
  let words = vec4u(
    threefry2x32(own_key, vec2u(2 * i, params.site)),
    threefry2x32(own_key, vec2u(2 * i + 1, params.site)),
  );
  y[i] = select(vec4f(), x[i] * params.scale, words >= vec4u(params.threshold));
}
