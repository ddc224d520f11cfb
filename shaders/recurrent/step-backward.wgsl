// with: recurrent/slopes/gru, recurrent/lengths/all, lib/grid
// One step of a recurrent cell backwards:  dgates[row, position] and slopes[row] from dout[row, position] + dstate[row]
//
// One thread an element of the state. Steps go from the last to the first. dstate becomes what goes straight to the state
// before; the product slopes · weight is added to it next. In a row that has ended by this step, slopes are 0 and
// dstate stays. Requests GATES + 2 reads and 2 · GATES + 1 writes for each element, and what its cell reads.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, step: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> gates: array<f32>;          // [b, t, GATES · h], before their functions
@group(0) @binding(1) var<storage, read> dout: array<f32>;           // [b, t, h]
@group(0) @binding(2) var<storage, read_write> dstate: array<f32>;   // [b, h]
@group(0) @binding(3) var<storage, read_write> dgates: array<f32>;   // [b, t, GATES · h]
@group(0) @binding(4) var<storage, read_write> slopes: array<f32>;   // [b, GATES · h], of the products with the state
@group(0) @binding(5) var<uniform> params: Params;

// For recurrent/slopes: gradients of a unit's gates in their inputs' and in their state's part, and what goes straight
// to the state before.
struct Slopes { of_inputs: vec4f, of_state: vec4f, direct: f32 }

fn state_width() -> u32 {
  return params.h;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.h) { return; }
  let row = at / params.h;
  let unit = at % params.h;
  let length = row_length(row);
  var token = row * params.t + params.step;
  var found = Slopes(vec4f(), vec4f(), 0.0);
  if (params.step < length) {
    token = row * params.t + select(params.step, length - 1 - params.step, params.reverse != 0);
    var of_inputs = vec4f();
    for (var gate = 0u; gate < GATES; gate++) { of_inputs[gate] = gates[(token * GATES + gate) * params.h + unit]; }
    found = slopes_of(of_inputs, dout[token * params.h + unit] + dstate[at], token, row, unit);
    dstate[at] = found.direct;
  }
  for (var gate = 0u; gate < GATES; gate++) {
    dgates[(token * GATES + gate) * params.h + unit] = found.of_inputs[gate];
    slopes[(row * GATES + gate) * params.h + unit] = found.of_state[gate];
  }
}
