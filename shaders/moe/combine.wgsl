// with: moe/places/aligned, lib/grid
// What a token's experts gave, weighted:  y[token] = Σ weights[token, choice] · z[place of the choice]
//
// One thread per vector of four columns of a token, which gathers what lies where align put it, in the order of the
// choices: no atomics, and the same sum on every run. Choices that were dropped, or are none, add nothing.
// Requests (CHOICES + 1) · c reads and writes a token.

const CHOICES: u32 = 2;
const WORKGROUP: u32 = 64;
const NOTHING: u32 = 0xffffffff;

struct Params { tokens: u32, vectors: u32 }

@group(0) @binding(0) var<storage, read> z: array<vec4f>;        // [rows, c / 4]
@group(0) @binding(2) var<storage, read> weights: array<f32>;    // [tokens, CHOICES]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [tokens, c / 4]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + thread;
  if (i >= params.tokens * params.vectors) { return; }
  let token = i / params.vectors;
  var sum = vec4f();
  for (var choice = 0u; choice < CHOICES; choice++) {
    let slot = token * CHOICES + choice;
    let place = place_of(slot);
    if (place != NOTHING) { sum += weights[slot] * z[place * params.vectors + i % params.vectors]; }
  }
  y[i] = sum;
}
