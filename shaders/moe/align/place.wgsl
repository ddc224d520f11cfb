// with: lib/no-index
// Slots sorted by their experts:  position[slot] = offset of its expert + how many slots of that expert come before it
//
// A counting sort (MegaBlocks, Gale et al. 2022, section 5.2), stable and without atomics where order matters: count
// has counted each chunk of slots by expert, scan has made prefix sums of that, and here a slot finds its place among
// those of its own chunk. One workgroup a chunk, one thread a slot. An expert with more than `capacity` slots drops the
// last. Requests 4 reads and 2 writes a slot, and CHUNK / 2 of workgroup memory.

const EXPERTS: u32 = 8;
const CHUNK: u32 = 64;

struct Params { slots: u32, capacity: u32 }

@group(0) @binding(0) var<storage, read> experts: array<u32>;          // [slots]
@group(0) @binding(1) var<storage, read> chunk_counts: array<u32>;     // [chunks, EXPERTS], in the chunks before
@group(0) @binding(2) var<storage, read> offsets: array<u32>;          // [EXPERTS + 1]
@group(0) @binding(3) var<storage, read_write> slots: array<u32>;      // [blocks · BLOCK]
@group(0) @binding(4) var<storage, read_write> positions: array<u32>;  // [slots], where each slot lies, or NO_INDEX
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> chunk: array<u32, CHUNK>;  // the experts of its slots

@compute @workgroup_size(CHUNK)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let slot = workgroup.x * CHUNK + thread;
  var expert = EXPERTS;
  if (slot < params.slots) { expert = experts[slot]; }
  chunk[thread] = expert;
  workgroupBarrier();
  if (slot >= params.slots) { return; }
  if (expert >= EXPERTS) {
    positions[slot] = NO_INDEX;
    return;
  }
  var rank = chunk_counts[workgroup.x * EXPERTS + expert];
  for (var i = 0u; i < thread; i++) { rank += u32(chunk[i] == expert); }
  let kept = rank < params.capacity;
  positions[slot] = select(NO_INDEX, offsets[expert] + rank, kept);
  if (kept) { slots[offsets[expert] + rank] = slot; }
}
