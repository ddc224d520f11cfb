// with: lib/grid
// Workgroup memory as fast as it is read:  y[i] = Σ over turns j of tile[(thread + j) mod WORKGROUP]
//
// The workgroup fills a tile of 4 KiB, and each thread reads it round and round, neighbours next to each other, so that
// no two share a bank. Reads 16 · turns bytes of workgroup memory a thread; writes 16 bytes of memory.

const WORKGROUP: u32 = 256;
const UNROLLED: u32 = 8;  // turns between two tests of the loop
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // indices wrap by a mask

struct Params { n: u32, turns: u32 }

@group(0) @binding(0) var<storage, read_write> y: array<vec4u>;  // [n, 4]
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> tile: array<vec4u, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  tile[thread] = 4 * thread + vec4u(0, 1, 2, 3);
  workgroupBarrier();
  var sum = vec4u(0);
  for (var turn = 0u; turn < params.turns; turn += UNROLLED) {
    for (var j = 0u; j < UNROLLED; j++) { sum += tile[(thread + turn + j) & (WORKGROUP - 1)]; }
  }
  if (i < params.n) { y[i] = sum; }
}
