// Slots of each chunk for each expert:  chunk_counts[chunk, e] = slots of the chunk whose expert is e
//
// The first of three kernels that sort slots by their experts; moe/align/place says how.
// One workgroup a chunk, one thread a slot. Threads count in workgroup memory, with atomics: sums of integers do not
// depend on their order. Requests one read a slot and one write a chunk and expert.

const EXPERTS: u32 = 8;
const CHUNK: u32 = 64;

struct Params { slots: u32 }

@group(0) @binding(0) var<storage, read> experts: array<u32>;             // [slots]
@group(0) @binding(1) var<storage, read_write> chunk_counts: array<u32>;  // [chunks, EXPERTS]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> own: array<atomic<u32>, EXPERTS>;

@compute @workgroup_size(CHUNK)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let slot = workgroup.x * CHUNK + thread;
  if (slot < params.slots) {
    let expert = experts[slot];
    if (expert < EXPERTS) { atomicAdd(&own[expert], 1u); }
  }
  workgroupBarrier();
  for (var expert = thread; expert < EXPERTS; expert += CHUNK) {
    chunk_counts[workgroup.x * EXPERTS + expert] = atomicLoad(&own[expert]);
  }
}
