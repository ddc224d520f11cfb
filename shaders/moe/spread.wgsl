// with: lib/grid
// Choices as a row of all experts:  all_weights[token, e] = weight of the choice that is e, 0 where there is none
//
// One thread per token and expert, which also names the expert. For the baseline that computes every expert for every
// token. Requests 2 · CHOICES reads and 2 writes a thread.

const EXPERTS: u32 = 8;
const CHOICES: u32 = 2;
const WORKGROUP: u32 = 64;

struct Params { tokens: u32 }

@group(0) @binding(0) var<storage, read> experts: array<u32>;            // [tokens, CHOICES]
@group(0) @binding(1) var<storage, read> weights: array<f32>;            // [tokens, CHOICES]
@group(0) @binding(2) var<storage, read_write> all_weights: array<f32>;  // [tokens, EXPERTS]
@group(0) @binding(3) var<storage, read_write> all_experts: array<u32>;  // [tokens, EXPERTS]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.tokens * EXPERTS) { return; }
  let token = i / EXPERTS;
  var weight = 0.0;
  for (var c = 0u; c < CHOICES; c++) {
    weight += select(0.0, weights[token * CHOICES + c], experts[token * CHOICES + c] == i % EXPERTS);
  }
  all_weights[i] = weight;
  all_experts[i] = i % EXPERTS;
}
