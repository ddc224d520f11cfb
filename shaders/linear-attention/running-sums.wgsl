// with: lib/grid
// The state of linear attention after each chunk, in place:  states[chunk] = Σ states[0..=chunk]
//
// One thread per element of the state, from chunk to chunk. Requests chunks·d·(dv + 1) reads and as many writes for
// each key and value head. The second kernel of linear attention, where queries see different keys.

const WORKGROUP: u32 = 64;

struct Params { chunks: u32, elements: u32, size: u32 }  // elements of a state; size of all heads' together

@group(0) @binding(0) var<storage, read_write> states: array<f32>;  // [b, g, chunks, d, width]
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let first = i / params.elements * params.chunks * params.elements + i % params.elements;
  var sum = 0.0;
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    sum += states[first + chunk * params.elements];
    states[first + chunk * params.elements] = sum;
  }
}
