// with: lib/grid
// Memory as fast as it is read once:  y[i] = the exclusive or of all words that thread i reads
//
// A lower bound for a decode step, whose work is to read the weights. LANES neighbouring threads walk along ROWS rows
// of ROW vectors of 16 bytes, as the products of a few rows do, and each writes one word. Past the end the last vector
// is read again. Requests n reads of 16 bytes, rounded up to whole rows.

const WORKGROUP: u32 = 8;
const LANES: u32 = 1;  // GPUs prefer neighbouring threads at neighbouring vectors
const ROWS: u32 = 4;   // of a team of LANES threads
const ROW: u32 = 64;   // vectors
const_assert WORKGROUP % LANES == 0;

struct Params { n: u32, threads: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4u>;        // [n, 4]
@group(0) @binding(1) var<storage, read_write> y: array<u32>;    // [threads]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.threads) { return; }
  let first = i / LANES * ROWS * ROW;
  var words = vec4u();
  for (var j = i % LANES; j < ROW; j += LANES) {
    for (var r = 0u; r < ROWS; r++) { words ^= x[min(first + r * ROW + j, params.n - 1)]; }
  }
  y[i] = words.x ^ words.y ^ words.z ^ words.w;
}
