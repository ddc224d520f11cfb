// with: lib/numbers/threefry, lib/grid
// Dropout:  y = x / (1 − rate) where the element's random word is at least rate · 2³², 0 elsewhere
//
// One thread a pair of elements, which share two words of threefry(seed and step, pair and site): nothing is stored,
// and the gradient drops the same elements (Srivastava et al. 2014). Seed and step are read from memory, so that a
// recorded program drops others in each step; `site` distinguishes the dropouts of one step. Requests 1 read and 1
// write an element, and 2 reads a pair.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,
  site: u32,       // above the streams of sampling and of random tensors
  threshold: u32,  // rate · 2³²
  scale: f32,      // 1 / (1 − rate)
}

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read> key: array<u32>;      // [2]: seed, step
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (2 * i >= params.n) { return; }
  let words = threefry2x32(vec2u(key[0], key[1]), vec2u(i, params.site));
  y[2 * i] = kept(x[2 * i], words.x);
  if (2 * i + 1 < params.n) { y[2 * i + 1] = kept(x[2 * i + 1], words.y); }
}

fn kept(value: f32, word: u32) -> f32 {
  return select(0.0, value * params.scale, word >= params.threshold);
}
