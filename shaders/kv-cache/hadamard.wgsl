// with: lib/grid
// Rotates rows by a Hadamard matrix, block by block:  y = x · H / sqrt(n), H[i, j] = (-1)^(ones of i & j)
//
// H / sqrt(n) is orthogonal and its own inverse: queries and keys keep their products, and an element far from 0 is
// spread over its block, which integers of one scale then round less (QuaRot, Ashkboos et al. 2024). A workgroup has a
// tile of neighbouring blocks in its memory; each of log2(n) passes adds and subtracts elements that are `apart`, twice
// as far as in the pass before. Requests a read and a write an element, and log2(n) of each of workgroup memory.

const WORKGROUP: u32 = 64;
const BLOCK: u32 = 64;  // n, a power of two

const TILE = max(BLOCK, 2 * WORKGROUP);  // elements, whole blocks
const SCALE = 1 / sqrt(f32(BLOCK));

struct Params {
  size: u32,  // elements
  t: u32, h: u32, d: u32,
  x_first: u32, x_batch: u32, x_token: u32, x_head: u32, x_element: u32,  // where x, a view, begins and its strides
}

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [b, t, h, d]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [b, t, h, d]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<f32, TILE>;

fn element(i: u32) -> f32 {
  if (i >= params.size) { return 0.0; }
  let head = i / params.d;  // of all heads of all tokens
  let token = head / params.h;
  let row = params.x_first + token / params.t * params.x_batch + token % params.t * params.x_token;
  return x[row + head % params.h * params.x_head + i % params.d * params.x_element];
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * TILE;
  if (first >= params.size) { return; }  // the whole workgroup leaves
  for (var i = thread; i < TILE; i += WORKGROUP) { tile[i] = element(first + i); }
  for (var apart = 1u; apart < BLOCK; apart *= 2) {
    workgroupBarrier();
    for (var pair = thread; pair < TILE / 2; pair += WORKGROUP) {
      let low = pair + pair / apart * apart;
      let left = tile[low];
      let right = tile[low + apart];
      tile[low] = left + right;
      tile[low + apart] = left - right;
    }
  }
  workgroupBarrier();
  for (var i = thread; i < TILE && first + i < params.size; i += WORKGROUP) {
    y[first + i] = tile[i] * SCALE;
  }
}
