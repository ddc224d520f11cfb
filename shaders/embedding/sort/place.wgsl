// with: embedding/sort/digit, lib/grid
// Tokens sorted by a digit of their ids:  sorted[counts before its chunk and digit + equal digits before it] = token
//
// A pass of a radix sort by counting: count has counted each chunk of tokens by digit, scan has made sums of that, and
// here a token finds its place among those of its own chunk. It is stable and without atomics, so passes from the
// lowest digit up sort tokens by id, those of one id in their own order: their gradients are added up in the same order
// every time. One workgroup a chunk, one thread a token. Requests 3 reads and a write a token, and CHUNK / 2 of
// workgroup memory.

@group(0) @binding(2) var<storage, read> chunk_counts: array<u32>;  // [chunks, BINS], in all chunks before
@group(0) @binding(3) var<storage, read_write> sorted: array<u32>;  // [t]
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> digits: array<u32, CHUNK>;

@compute @workgroup_size(CHUNK)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear_workgroup(grid);
  if (chunk * CHUNK >= params.t) { return; }  // the whole workgroup leaves
  let i = chunk * CHUNK + thread;
  var digit = BINS;
  if (i < params.t) { digit = digit_at(i); }
  digits[thread] = digit;
  workgroupBarrier();
  if (i >= params.t) { return; }
  var place = chunk_counts[chunk * BINS + digit];
  for (var other = 0u; other < thread; other++) { place += u32(digits[other] == digit); }
  sorted[place] = token_at(i);
}
