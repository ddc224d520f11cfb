// with: recurrent/cells/gru, recurrent/lengths/all, lib/grid
// One step of a recurrent cell in all rows:  out[row, position] = state = cell(a[row, position], m[row], state)
//
// One thread an element of the state. a is the inputs' part of the gates, m the state's, which a product has made just
// before; of a GRU that is reset before the product, a second one. In reverse a row begins at its own last token. A row
// that has ended keeps its state, and its out is 0. Requests 2 · GATES + 1 reads and 2 writes for each element; of an LSTM
// a read and a write of its cell as well.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, step: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;            // [b, t, GATES · h]
@group(0) @binding(1) var<storage, read> m: array<f32>;            // [b, PRODUCTS · h]
@group(0) @binding(2) var<storage, read_write> state: array<f32>;  // [b, h]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;    // [b, t, h]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.h) { return; }
  let row = at / params.h;
  let unit = at % params.h;
  let length = row_length(row);
  if (params.step >= length) {
    out[(row * params.t + params.step) * params.h + unit] = 0.0;
    return;
  }
  let position = select(params.step, length - 1 - params.step, params.reverse != 0);
  let token = row * params.t + position;

  var of_inputs = vec4f();
  var of_state = vec4f();
  for (var gate = 0u; gate < GATES; gate++) {
    of_inputs[gate] = a[(token * GATES + gate) * params.h + unit];
  }
  for (var gate = 0u; gate < PRODUCTS; gate++) {
    of_state[gate] = m[(row * PRODUCTS + gate) * params.h + unit];
  }
  let next = next_state(of_inputs, of_state, state[at], at);
  state[at] = next;
  out[token * params.h + unit] = next;
}
