// with: attention/backward/elements/one, attention/scores/none, attention/score-derivatives/one, lib/extent/fixed
// with: lib/reduce, lib/grid
// The gradient of a tensor of which a score reads an element a pair:  delements[e] = Σ dscore over pairs that read e
//
// One workgroup an element, in two stages: each thread adds up pairs WORKGROUP apart that read it, then the threads'
// sums meet in a tree. What attention/backward/elements/rows computes without pairs in memory. Every element goes over
// all pairs, whose gradients are 0 where they are hidden; the part of the score has the functions of its text.

const WORKGROUP: u32 = 64;

struct Params { b: u32, h: u32, t: u32, s: u32, n: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read> dscores: array<f32>;          // [b, h, t, s]
@group(0) @binding(1) var<storage, read_write> delements: array<f32>;  // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let element = linear_workgroup(grid);
  if (element >= params.n) { return; }  // the whole workgroup leaves
  var sum = 0.0;
  for (var pair = thread; pair < params.b * params.h * params.t * params.s; pair += WORKGROUP) {
    let row = pair / params.s;
    let key = pair % params.s;
    let h = row / params.t % params.h;
    let b = row / (params.t * params.h);
    if (element_of(b, h, first_query(b) + row % params.t, key) == element) { sum += dscores[pair]; }
  }
  sum = workgroup_sum(sum, thread);
  if (thread == 0) { delements[element] = sum; }
}
