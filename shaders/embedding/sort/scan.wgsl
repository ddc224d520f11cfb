// Where the tokens of each chunk and digit go:  chunk_counts[chunk, d] = tokens of smaller digits, and of d before the
// chunk
//
// The second of three kernels that sort tokens by 8 bits of their ids; embedding/sort/place says how. One workgroup,
// one thread a digit, which goes over the chunks twice: to sum up, and to write sums of what comes before.
// Requests 2 · chunks · BINS reads and chunks · BINS writes.

const BINS: u32 = 256;

struct Params { chunks: u32 }

@group(0) @binding(0) var<storage, read_write> chunk_counts: array<u32>;  // [chunks, BINS]
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> totals: array<u32, BINS>;

@compute @workgroup_size(BINS)
fn main(@builtin(local_invocation_index) d: u32) {
  var total = 0u;
  for (var chunk = 0u; chunk < params.chunks; chunk++) { total += chunk_counts[chunk * BINS + d]; }
  totals[d] = total;
  workgroupBarrier();
  var before = 0u;
  for (var other = 0u; other < d; other++) { before += totals[other]; }
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let own = chunk_counts[chunk * BINS + d];
    chunk_counts[chunk * BINS + d] = before;
    before += own;
  }
}
