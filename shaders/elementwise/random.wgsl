// with: elementwise/distribution/uniform, lib/numbers/threefry, lib/grid
// Random numbers:  y[2i], y[2i + 1] = distribution(threefry(seed, i))
//
// One thread a pair: an element depends on seed and index alone, not on the adapter or the order of work.
// The second word of the counter keeps these apart from the words that sampling draws. Requests n writes.

const WORKGROUP: u32 = 64;
const TENSOR_STREAM: u32 = 1;

struct Params { n: u32, seed: u32 }

@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(1) var<uniform> params: Params;

fn uniform01(word: u32) -> f32 {
  return f32(word >> 8) * 0x1p-24;  // 24 bits, so that no step rounds
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (2 * i >= params.n) { return; }
  let pair = distribution(threefry2x32(vec2u(params.seed, 0), vec2u(i, TENSOR_STREAM)));
  y[2 * i] = pair.x;
  if (2 * i + 1 < params.n) { y[2 * i + 1] = pair.y; }
}
