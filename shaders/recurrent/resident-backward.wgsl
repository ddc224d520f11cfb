// with: recurrent/slopes/gru, recurrent/lengths/all, lib/grid
// All steps of a recurrent cell backwards:  dgates for each position, and dstate = slopes · weight + what goes straight
//
// As recurrent/resident: a workgroup carries ROWS rows through all steps, from the last to the first. A thread first
// has units of the state, whose slopes it puts into workgroup memory; after a barrier it has the same units of the state
// before, and sums over all slopes. The first HELD of the weight's rows are in workgroup memory. Requests in each
// workgroup HELD · h numbers of the weight once and (GATES · h - HELD) · h of them in each step; for each element of the
// state 2 · GATES + 1 reads and writes a step and 2 of dstate each way, and what its cell reads.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 4;    // of the batch, the components of a vector
const UNITS: u32 = 32;  // of the state, h
const HELD: u32 = 32;   // of the COLUMNS rows of the weight
const COLUMNS: u32 = GATES * UNITS;

struct Params { b: u32, t: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> gates: array<f32>;         // [b, t, GATES · h], before their functions
@group(0) @binding(1) var<storage, read> dout: array<f32>;          // [b, t, h]
@group(0) @binding(2) var<storage, read_write> dstate: array<f32>;  // [b, h]
@group(0) @binding(3) var<storage, read_write> dgates: array<f32>;  // [b, t, GATES · h]
@group(0) @binding(4) var<storage, read> weight: array<f32>;        // [GATES · h, h]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> held: array<f32, max(HELD, 1) * UNITS>;
var<workgroup> slopes: array<vec4f, COLUMNS>;  // of the products with the states, a row a component

// For recurrent/slopes: gradients of a unit's gates in their inputs' and in their state's part, and what goes straight
// to the state before.
struct Slopes { of_inputs: vec4f, of_state: vec4f, direct: f32 }

fn state_width() -> u32 {
  return UNITS;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * ROWS;
  if (first >= params.b) { return; }  // the whole workgroup leaves
  let rows = min(ROWS, params.b - first);
  for (var i = thread; i < HELD * UNITS; i += WORKGROUP) { held[i] = weight[i]; }

  for (var step = params.t; step > 0; step--) {
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var own = array<vec4f, GATES>();
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        let at = (first + row) * UNITS + unit;
        var token = (first + row) * params.t + step - 1;
        var found = Slopes(vec4f(), vec4f(), 0.0);
        if (step <= length) {
          token = (first + row) * params.t + select(step - 1, length - step, params.reverse != 0);
          var of_inputs = vec4f();
          for (var gate = 0u; gate < GATES; gate++) { of_inputs[gate] = gates[token * COLUMNS + gate * UNITS + unit]; }
          found = slopes_of(of_inputs, dout[token * UNITS + unit] + dstate[at], token, first + row, unit);
          dstate[at] = found.direct;
        }
        for (var gate = 0u; gate < GATES; gate++) {
          dgates[token * COLUMNS + gate * UNITS + unit] = found.of_inputs[gate];
          own[gate][row] = found.of_state[gate];
        }
      }
      for (var gate = 0u; gate < GATES; gate++) { slopes[gate * UNITS + unit] = own[gate]; }
    }
    workgroupBarrier();
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var sums = vec4f();
      for (var i = 0u; i < HELD; i++) { sums += slopes[i] * held[i * UNITS + unit]; }
      for (var i = HELD; i < COLUMNS; i++) { sums += slopes[i] * weight[i * UNITS + unit]; }
      for (var row = 0u; row < rows; row++) { dstate[(first + row) * UNITS + unit] += sums[row]; }
    }
    workgroupBarrier();  // before the next slopes replace these
  }
}
