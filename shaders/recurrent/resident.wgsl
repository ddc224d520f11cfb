// with: recurrent/cells/gru, recurrent/lengths/all, lib/bias/none, lib/grid
// All steps of a recurrent cell:  state = cell(a[row, position], weightᵀ · state + bias, state) for each position
//
// A workgroup carries ROWS rows of the batch through all steps, so that no dispatch waits for another. The states are in
// workgroup memory, those of the rows side by side in a vector, and twice: a step reads one copy and writes the other, so
// that one barrier a step is enough. The first HELD rows of the weight are there too, as many as fit; the others are read
// again in each step, by neighbouring threads at neighbouring addresses, since the weight is transposed. A thread has
// units of the state, and uses each number of the weight for all rows. Requests in each workgroup GATES · h² numbers of
// the weight once and GATES · h · (h - HELD) of them in each step, and for each element of the state GATES + 1 reads and
// writes a step.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 4;    // of the batch, the components of a vector
const UNITS: u32 = 32;  // of the state, h
const HELD: u32 = 16;   // of the UNITS rows of the weight
const COLUMNS: u32 = GATES * UNITS;

struct Params { b: u32, t: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;            // [b, t, GATES · h]
@group(0) @binding(1) var<storage, read> weight: array<f32>;       // [h, GATES · h]
@group(0) @binding(2) var<storage, read_write> state: array<f32>;  // [b, h]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;    // [b, t, h]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> held: array<f32, max(HELD, 1) * COLUMNS>;
var<workgroup> states: array<vec4f, 2 * UNITS>;  // [copy, unit], a row a component

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * ROWS;
  if (first >= params.b) { return; }  // the whole workgroup leaves
  let rows = min(ROWS, params.b - first);
  for (var i = thread; i < HELD * COLUMNS; i += WORKGROUP) { held[i] = weight[i]; }
  for (var unit = thread; unit < UNITS; unit += WORKGROUP) {  // the thread that stores them again
    var begin = vec4f();
    for (var row = 0u; row < rows; row++) { begin[row] = state[(first + row) * UNITS + unit]; }
    states[unit] = begin;
  }
  workgroupBarrier();

  for (var step = 0u; step < params.t; step++) {
    let copy = step % 2 * UNITS;
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var sums = array<vec4f, GATES>();
      for (var k = 0u; k < HELD; k++) {
        let before = states[copy + k];
        for (var gate = 0u; gate < GATES; gate++) { sums[gate] += before * held[k * COLUMNS + gate * UNITS + unit]; }
      }
      for (var k = HELD; k < UNITS; k++) {
        let before = states[copy + k];
        for (var gate = 0u; gate < GATES; gate++) { sums[gate] += before * weight[k * COLUMNS + gate * UNITS + unit]; }
      }
      var next = states[copy + unit];
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        var position = step;
        if (step < length) {
          position = select(step, length - 1 - step, params.reverse != 0);
          var of_inputs = vec4f();
          var of_state = vec4f();
          let token = (first + row) * params.t + position;
          for (var gate = 0u; gate < GATES; gate++) {
            of_inputs[gate] = a[token * COLUMNS + gate * UNITS + unit];
            of_state[gate] = sums[gate][row] + bias_at(gate * UNITS + unit);
          }
          next[row] = next_state(of_inputs, of_state, next[row], (first + row) * UNITS + unit);
        }
        out[((first + row) * params.t + position) * UNITS + unit] = select(0.0, next[row], step < length);
        if (step + 1 == params.t) { state[(first + row) * UNITS + unit] = next[row]; }
      }
      states[UNITS - copy + unit] = next;
    }
    workgroupBarrier();
  }
}
