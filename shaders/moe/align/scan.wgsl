// with: moe/align/plan
// Where the slots of each expert begin:  offsets[e] = slots of the experts before e, each rounded up to whole blocks
//
// And where those of each chunk begin among them: prefix sums of the counts. The second of three kernels that sort
// slots by their experts; moe/align/place says how. One workgroup. A thread sums up the chunks of its experts, one
// after the other; the first thread sums up the experts, rounded up to whole blocks. Requests chunks · EXPERTS reads
// and writes.

const WORKGROUP: u32 = 64;
const CHUNK: u32 = 64;

@group(0) @binding(0) var<storage, read_write> chunk_counts: array<u32>;  // [chunks, EXPERTS], then sums of those before

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var expert = thread; expert < EXPERTS; expert += WORKGROUP) {
    var count = 0u;
    for (var chunk = 0u; chunk * CHUNK < params.slots; chunk++) {
      let own = chunk_counts[chunk * EXPERTS + expert];
      chunk_counts[chunk * EXPERTS + expert] = count;
      count += own;
    }
    counts[expert] = min(count, params.capacity);
    starts[expert] = min(count, params.capacity);
  }
  workgroupBarrier();
  if (thread == 0) { write_offsets(); }
  workgroupBarrier();
  for (var expert = thread; expert < EXPERTS; expert += WORKGROUP) { write_blocks(expert, counts[expert]); }
}
