// with: moe/align/plan
// Slots sorted by their experts:  position[slot] = offset of its expert + how many slots of that expert come before it
//
// One workgroup. Each thread goes over all slots twice for each of its experts: to count them, and to place them in
// order, which makes the sort stable without any sorting. An expert with more than `capacity` slots drops the last.
// Requests 2 · EXPERTS · slots reads. Choose it for few slots.

const WORKGROUP: u32 = 64;

@group(0) @binding(0) var<storage, read> experts: array<u32>;          // [slots]
@group(0) @binding(7) var<storage, read_write> positions: array<u32>;  // [slots], where each slot lies, or NO_INDEX

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var expert = thread; expert < EXPERTS; expert += WORKGROUP) {
    var count = 0u;
    for (var slot = 0u; slot < params.slots; slot++) { count += u32(experts[slot] == expert); }
    counts[expert] = min(count, params.capacity);
    starts[expert] = min(count, params.capacity);
  }
  for (var slot = thread; slot < params.slots; slot += WORKGROUP) {
    if (experts[slot] >= EXPERTS) { positions[slot] = NO_INDEX; }
  }
  workgroupBarrier();
  if (thread == 0) { write_offsets(); }
  workgroupBarrier();
  for (var expert = thread; expert < EXPERTS; expert += WORKGROUP) {
    var count = 0u;
    for (var slot = 0u; slot < params.slots; slot++) {
      if (experts[slot] != expert) { continue; }
      if (count < params.capacity) {
        positions[slot] = starts[expert] + count;
        slots[starts[expert] + count] = slot;
        count++;
      } else {
        positions[slot] = NO_INDEX;
      }
    }
    write_blocks(expert, count);
  }
}
