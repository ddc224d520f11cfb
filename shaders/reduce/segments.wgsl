// with: reduce/operation/sum, lib/grid
// Weighted rows of each segment reduced:  y[i, j] = ∘ over rows t of segment i of weights[t] · x[t, j]
//
// Rows of weight 0 do not count, even if they hold NaN; a segment without others gives `initial`. One thread a result:
// neighbouring threads read neighbouring columns. Sums are taken in runs (shaders/README.md).
// Requests 2·t·c reads and n·c writes.

const WORKGROUP: u32 = 64;
const RUN: u32 = 32;  // rows

struct Params { n: u32, t: u32, c: u32, initial: f32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [t, c]
@group(0) @binding(1) var<storage, read> weights: array<f32>;  // [t]
@group(0) @binding(2) var<storage, read> offsets: array<u32>;  // [n + 1], where each segment begins and the last one ends
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n, c]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let pieces = (params.c + WORKGROUP - 1) / WORKGROUP;
  let piece = linear_workgroup(grid);
  let i = piece / pieces;
  let column = piece % pieces * WORKGROUP + thread;
  if (i >= params.n || column >= params.c) { return; }

  let first = offsets[i];
  let end = min(offsets[i + 1], params.t);
  var combined = params.initial;
  for (var begin = first; begin < end; begin += RUN) {
    var run = params.initial;
    for (var t = begin; t < min(begin + RUN, end); t++) {
      let weight = weights[t];
      if (weight != 0.0) { run = combine(run, weight * x[t * params.c + column]); }
    }
    combined = combine(combined, run);
  }
  y[i * params.c + column] = combined;
}
