// with: lib/grid
// Gradient of an embedding:  dtable[id] = scale · Σ dy[token] over the tokens of id
//
// One thread an element of the table, which checks every token: rows without tokens are 0. Sums are taken in runs,
// and those in runs again (shaders/README.md). Requests v·c·t reads of ids, and t·c of gradients. Choose it for small
// vocabularies and few tokens.

const WORKGROUP: u32 = 64;
const RUN: u32 = 64;  // tokens, and runs

struct Params { t: u32, c: u32, begin: u32, end: u32, scale: f32, accumulate: u32 }

@group(0) @binding(0) var<storage, read> ids: array<u32>;           // [t]
@group(0) @binding(1) var<storage, read> dy: array<f32>;            // [t, c]
@group(0) @binding(2) var<storage, read_write> dtable: array<f32>;  // [v, c], rows `begin` to `end` of it
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  let id = params.begin + i / params.c;
  let column = i % params.c;
  if (id >= params.end) { return; }
  var sum = 0.0;
  for (var from_runs = 0u; from_runs < params.t; from_runs += RUN * RUN) {
    var runs = 0.0;
    for (var first = from_runs; first < min(from_runs + RUN * RUN, params.t); first += RUN) {
      var run = 0.0;
      for (var token = first; token < min(first + RUN, params.t); token++) {
        if (ids[token] == id) { run += dy[token * params.c + column]; }
      }
      runs += run;
    }
    sum += runs;
  }
  let before = select(0.0, dtable[i], params.accumulate == 1);  // the old value may be NaN
  dtable[i] = before + params.scale * sum;
}
