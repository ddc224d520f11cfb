// with: embedding/sort/digit, lib/grid
// Tokens of each chunk by a digit of their ids:  chunk_counts[chunk, d] = tokens of the chunk whose digit is d
//
// The first of three kernels that sort tokens by 8 bits of their ids; embedding/sort/place says how. One workgroup a
// chunk, one thread a token. Threads count in workgroup memory, with atomics: sums of integers do not depend on their
// order. Requests one read a token and BINS writes a chunk.

@group(0) @binding(2) var<storage, read_write> chunk_counts: array<u32>;  // [chunks, BINS]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> own: array<atomic<u32>, BINS>;

@compute @workgroup_size(CHUNK)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear_workgroup(grid);
  if (chunk * CHUNK >= params.t) { return; }  // the whole workgroup leaves
  let i = chunk * CHUNK + thread;
  if (i < params.t) {
    let digit = digit_at(i);
    atomicAdd(&own[digit], 1u);
  }
  workgroupBarrier();
  for (var d = thread; d < BINS; d += CHUNK) { chunk_counts[chunk * BINS + d] = atomicLoad(&own[d]); }
}
