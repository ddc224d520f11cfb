// with: lib/grid
// The rows of x that an expert's slots belong to:  y[i] = x[slots[first + i] / choices]
//
// One thread per vector of four columns. moe/grouped does this as it loads; here for baselines that call one expert
// after the other. Requests 2 · c reads and writes a row.

const WORKGROUP: u32 = 64;

struct Params { rows: u32, vectors: u32, first: u32, choices: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [tokens, c / 4]
@group(0) @binding(1) var<storage, read> slots: array<u32>;      // as moe/align sorts them
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [rows, c / 4]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.rows * params.vectors) { return; }
  let token = slots[params.first + i / params.vectors] / params.choices;
  y[i] = x[token * params.vectors + i % params.vectors];
}
