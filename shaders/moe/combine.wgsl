// with: moe/result-rows/aligned, lib/grid, lib/no-index
// What a token's experts gave, weighted:  y[token] = Σ weights[token, choice] · z[row of the choice]
//
// One thread per vector of four columns of a token, which gathers the rows where align put them, in the order of the
// choices: no atomics, and the same sum on every run. Choices that were dropped, or are no expert, add nothing.
// Requests (CHOICES + 1) · c reads and writes a token.

const CHOICES: u32 = 2;
const WORKGROUP: u32 = 64;

struct Params { tokens: u32, vectors: u32 }

@group(0) @binding(0) var<storage, read> z: array<vec4f>;        // [rows, c / 4]
@group(0) @binding(2) var<storage, read> weights: array<f32>;    // [tokens, CHOICES]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [tokens, c / 4]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.tokens * params.vectors) { return; }
  let token = i / params.vectors;
  var sum = vec4f();
  for (var choice = 0u; choice < CHOICES; choice++) {
    let slot = token * CHOICES + choice;
    let row = result_row(slot);
    if (row != NO_INDEX) { sum += weights[slot] * z[row * params.vectors + i % params.vectors]; }
  }
  y[i] = sum;
}
