// with: lib/extent/fixed
// Positions inside of a ring:  keys[b, slot] = order of the slot's position among those kept,  queries[b, i] = that of
// query i
//
// Only what the ring keeps is counted (StreamingLLM, Xiao et al. 2023, section 3.2).
// One thread per slot and query. Requests one write each. Slots that are not in use get a number below `slots`, too.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, slots: u32, sinks: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read_write> keys: array<u32>;     // [b, slots]
@group(0) @binding(1) var<storage, read_write> queries: array<u32>;  // [b, t]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = workgroup.x * WORKGROUP + thread;
  let b = workgroup.y;
  let lost = max(key_count(b), params.slots) - params.slots;  // positions between the sinks and what is kept after them
  if (i < params.slots) {
    let round = params.slots - params.sinks;
    let past = (i - params.sinks + round - lost % round) % round;
    keys[b * params.slots + i] = select(params.sinks + past, i, i < params.sinks);
  } else if (i - params.slots < params.t) {
    let query = i - params.slots;
    queries[b * params.t + query] = min(first_query(b) + query - lost, params.slots - 1);
  }
}
