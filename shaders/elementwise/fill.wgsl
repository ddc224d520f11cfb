// with: lib/grid
// One value everywhere:  y = value
//
// One thread a word, which holds the value once, or twice for f16 and bf16. Requests n writes.

const WORKGROUP: u32 = 64;

struct Params {
  n: u32,     // words
  word: u32,  // the value's bits
  last: u32,  // the bits of the last word that belong to y
}

@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  if (i < params.n - 1) { y[i] = params.word; }
  else { y[i] = (params.word & params.last) | (y[i] & ~params.last); }
}
