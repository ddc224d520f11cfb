// with: lib/grid
// Replaces what is past the end of rows:  y[b, n, m] = x[b, n, m] where n (or m, BY_COLUMN) < lengths[b], else value
//
// One thread an element. Numbers are copied as bits, so that what is replaced may be NaN, and the value an infinity.
// Requests 2·b·n·m reads and b·n·m writes.

const WORKGROUP: u32 = 64;
const BY_COLUMN: bool = false;

struct Params { b: u32, n: u32, m: u32, value: u32 }  // value: bits of an f32

@group(0) @binding(0) var<storage, read> x: array<u32>;        // [b, n, m], bits
@group(0) @binding(1) var<storage, read> lengths: array<u32>;  // [b]
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // [b, n, m], bits
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.n * params.m) { return; }
  let row = at / params.m;
  let place = select(row % params.n, at % params.m, BY_COLUMN);
  y[at] = select(params.value, x[at], place < lengths[row / params.n]);
}
