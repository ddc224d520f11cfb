// with: gemm/stores/elements
// The work on tiles that gemm/vectors, gemm/padded and gemm/double-buffer have in common. A workgroup of THREADS ×
// THREADS threads computes TILE × TILE outputs: 8 × 8 for a thread, as four quads of 4 × 4. Tiles lie in workgroup
// memory as vectors of four rows of a, or four columns of b, at one i. The kernel declares PITCH, the vectors from one
// i to the next, and TILES, how many tiles of each there are.

const THREADS: u32 = 8;  // along each side of a tile
const DEPTH: u32 = 8;    // of i at a time
const QUADS: u32 = 2 * THREADS;  // along each side of a tile
const TILE: u32 = 4 * QUADS;
const WORKGROUP: u32 = THREADS * THREADS;
const_assert 2 * QUADS * (DEPTH / 4) == WORKGROUP;  // a thread loads one quad, of a or of b

alias Sums = array<array<vec4f, 2>, 8>;  // [row, quad of columns]

var<workgroup> a_tiles: array<vec4f, TILES * DEPTH * PITCH>;  // [tile, i, quad of rows]
var<workgroup> b_tiles: array<vec4f, TILES * DEPTH * PITCH>;  // [tile, i, quad of columns]

// The quad that a thread loads: the first half of the threads have those of a, the others those of b. Neighbours
// continue along i.
fn load_quad(workgroup: vec3u, first: u32, thread: u32) -> mat4x4f {
  let quad = thread % (WORKGROUP / 2);
  let i = first + quad % (DEPTH / 4) * 4;
  let offset = quad / (DEPTH / 4) * 4;
  if (thread < WORKGROUP / 2) { return a_quad(a_start(workgroup.z), workgroup.y * TILE + offset, i); }
  return b_quad(b_start(workgroup.z), i, workgroup.x * TILE + offset);
}

// Puts the quad of a thread in its place in a tile.
fn place_quad(tile: u32, thread: u32, loaded: mat4x4f) {
  var quad = loaded;
  let number = thread % (WORKGROUP / 2);
  let i = number % (DEPTH / 4) * 4;
  for (var j = 0u; j < 4; j++) {
    let place = (tile * DEPTH + i + j) * PITCH + number / (DEPTH / 4);
    if (thread < WORKGROUP / 2) { a_tiles[place] = quad[j]; } else { b_tiles[place] = quad[j]; }
  }
}

// A thread's sums with the products of a tile of a and a tile of b.
fn add_tile(tile: u32, thread: u32, before: Sums) -> Sums {
  var sums = before;
  for (var i = 0u; i < DEPTH; i++) {
    let first = (tile * DEPTH + i) * PITCH;
    for (var half = 0u; half < 2; half++) {
      let rows = a_tiles[first + half * THREADS + thread / THREADS];
      for (var quad = 0u; quad < 2; quad++) {
        let columns = b_tiles[first + quad * THREADS + thread % THREADS];
        for (var r = 0u; r < 4; r++) {
          sums[half * 4 + r][quad] = fma(vec4f(rows[r]), columns, sums[half * 4 + r][quad]);
        }
      }
    }
  }
  return sums;
}

fn store_block(workgroup: vec3u, thread: u32, sums: Sums) {
  for (var half = 0u; half < 2; half++) {
    let row = workgroup.y * TILE + (half * THREADS + thread / THREADS) * 4;
    for (var quad = 0u; quad < 2; quad++) {
      let column = workgroup.x * TILE + (quad * THREADS + thread % THREADS) * 4;
      for (var r = 0u; r < 4; r++) { store4(workgroup.z, row + r, column, sums[half * 4 + r][quad]); }
    }
  }
}
