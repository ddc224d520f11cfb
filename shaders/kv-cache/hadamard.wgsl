// with: lib/grid
// Rotates rows by a Hadamard matrix, block by block:  y = x · H / sqrt(n), H[i, j] = (-1)^(ones of i & j)
//
// H / sqrt(n) is orthogonal and its own inverse: queries and keys keep their products, and an element far from 0 is
// spread over its block, which integers of one scale then round less (QuaRot, Ashkboos et al. 2024). A workgroup has a
// tile of neighbouring blocks in its memory. A pass adds and subtracts elements that are `apart`; a thread takes four
// elements through two passes, so that threads meet once in two. Requests a read and a write an element.

const WORKGROUP: u32 = 64;
const BLOCK: u32 = 64;  // n, a power of two

const TILE = max(2 * BLOCK, 4 * WORKGROUP);  // elements, whole blocks, four or more a thread
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

// Where element i of the rows is in x.
fn place(i: u32) -> u32 {
  let head = i / params.d;  // of all heads of all tokens
  let token = head / params.h;
  let row = params.x_first + token / params.t * params.x_batch + token % params.t * params.x_token;
  return row + head % params.h * params.x_head + i % params.d * params.x_element;
}

// Elements i to i + 3; 0 past the end. They are of one row where blocks have as many.
fn load(i: u32) -> vec4f {
  var four = vec4f();
  if (BLOCK >= 4 && i < params.size) {
    let at = place(i);
    for (var n = 0u; n < 4; n++) { four[n] = x[at + n * params.x_element]; }
  } else {
    for (var n = 0u; n < 4 && i + n < params.size; n++) { four[n] = x[place(i + n)]; }
  }
  return four;
}

// Passes `apart` and 2 · apart over four elements that are `apart`; one or none where the block has no more.
fn passes(v: vec4f, apart: u32) -> vec4f {
  if (apart >= BLOCK) { return v; }
  let one = vec4f(v.x + v.y, v.x - v.y, v.z + v.w, v.z - v.w);
  if (2 * apart >= BLOCK) { return one; }
  return vec4f(one.xy + one.zw, one.xy - one.zw);
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * TILE;
  if (first >= params.size) { return; }  // the whole workgroup leaves
  for (var i = 4 * thread; i < TILE; i += 4 * WORKGROUP) {
    let four = passes(load(first + i), 1);
    for (var n = 0u; n < 4; n++) { tile[i + n] = four[n]; }
  }
  for (var apart = 4u; apart < BLOCK; apart *= 4) {
    workgroupBarrier();
    for (var i = thread; i < TILE / 4; i += WORKGROUP) {
      let low = i + i / apart * 3 * apart;
      let four = passes(vec4f(tile[low], tile[low + apart], tile[low + 2 * apart], tile[low + 3 * apart]), apart);
      for (var n = 0u; n < 4; n++) { tile[low + n * apart] = four[n]; }
    }
  }
  workgroupBarrier();
  for (var i = thread; i < TILE && first + i < params.size; i += WORKGROUP) {
    y[first + i] = tile[i] * SCALE;
  }
}
