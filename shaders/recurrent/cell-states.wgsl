// with: recurrent/lengths/all, lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one, lib/grid
// The cell of an LSTM before each token, for gradients:  previous[position] = cell, then cell = f · cell + i · g
//
// One thread a unit of a row, which goes over its steps: with all states known, the gates are, and the cells of
// different units do not depend on one another. Past the end of a row it is 0. Requests 3 reads and a write for each
// element, and one read for each unit.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> gates: array<f32>;            // [b, t, 4 · h]: i, f, g, o before their functions
@group(0) @binding(1) var<storage, read> start: array<f32>;            // [b, h]
@group(0) @binding(2) var<storage, read_write> previous: array<f32>;  // [b, t, h]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.h) { return; }
  let row = at / params.h;
  let unit = at % params.h;
  let length = row_length(row);
  var cell = start[at];
  for (var step = 0u; step < length; step++) {
    let token = row * params.t + select(step, length - 1 - step, params.reverse != 0);
    previous[token * params.h + unit] = cell;
    let first = token * 4 * params.h + unit;
    let i = sigmoid(gates[first]);
    let f = sigmoid(gates[first + params.h]);
    let g = activation(gates[first + 2 * params.h]);
    cell = f * cell + i * g;
  }
  for (var step = length; step < params.t; step++) { previous[(row * params.t + step) * params.h + unit] = 0.0; }
}
