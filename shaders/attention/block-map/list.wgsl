// with: lib/grid
// The tiles that a mask does not empty, for each block of queries:  count, then 2 · tile + (1 if full) of each
//
// One thread per block, which reads a class a tile and writes up to as many entries: the order is that of the keys, and
// the same on every device. Entries after the count are not written.

const WORKGROUP: u32 = 64;

const EMPTY: u32 = 0;  // as in classify
const FULL: u32 = 2;

struct Params { rows: u32, tiles: u32 }

@group(0) @binding(0) var<storage, read> classes: array<u32>;        // [b, maps, blocks, tiles]
@group(0) @binding(1) var<storage, read_write> tileMap: array<u32>;  // [b, maps, blocks, 1 + tiles]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid) * WORKGROUP + thread;
  if (row >= params.rows) { return; }
  let first = row * (params.tiles + 1);
  var count = 0u;
  for (var tile = 0u; tile < params.tiles; tile++) {
    let class_of_tile = classes[row * params.tiles + tile];
    if (class_of_tile == EMPTY) { continue; }
    count++;
    tileMap[first + count] = 2 * tile + u32(class_of_tile == FULL);
  }
  tileMap[first] = count;
}
