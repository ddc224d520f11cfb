// with: lib/grid
// Logits of the tokens that may come next:  y = allowed ? l : −∞
//
// One thread an element. Token i may come next where bit i mod 32 of word i / 32 of its batch row's words is set.
// Requests 2·b·v reads and b·v writes; the 32 threads of a word read the same one.

const WORKGROUP: u32 = 256;
const MINUS_INFINITY: u32 = 0xff800000;  // its bits

struct Params { b: u32, v: u32, words: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;   // [b, v]
@group(0) @binding(1) var<storage, read> allowed: array<u32>;  // [b, words]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [b, v]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.b * params.v) { return; }
  let row = i / params.v;
  let token = i - row * params.v;
  let word = allowed[row * params.words + token / 32];
  let may = ((word >> (token % 32)) & 1) == 1;
  y[i] = bitcast<f32>(select(MINUS_INFINITY, bitcast<u32>(logits[i]), may));
}
