// with: recurrent/cells/gru, recurrent/lengths/all, lib/bias/none, lib/grid
// All steps of a recurrent cell:  state = cell(a[row, position], weightᵀ · state + bias, state) for each position
//
// A workgroup carries ROWS rows of the batch through all steps, so that no dispatch waits for another. The states are in
// workgroup memory, twice: a step reads one copy and writes the other, so that one barrier a step is enough. So are the
// first HELD rows of the weight, as many as fit; the others are read again in each step, by neighbouring threads at
// neighbouring addresses, since the weight is transposed. A thread has units of the state, and uses each number of the
// weight for all ROWS rows. Requests in each workgroup GATES · h² numbers of the weight once and GATES · h · (h - HELD)
// of them in each step, and for each element of the state GATES + 1 reads and writes a step.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 4;    // of the batch
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
var<workgroup> states: array<f32, 2 * ROWS * UNITS>;  // [copy, row, unit]

// The products of the states with one row k of the weight, added to the sums of a unit's gates.
fn add_products(sums: ptr<function, array<vec4f, ROWS>>, k: u32, weights: vec4f, copy: u32) {
  for (var row = 0u; row < ROWS; row++) {
    (*sums)[row] += states[(copy * ROWS + row) * UNITS + k] * weights;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let first = linear_workgroup(grid) * ROWS;
  if (first >= params.b) { return; }  // the whole workgroup leaves
  for (var i = thread; i < HELD * COLUMNS; i += WORKGROUP) { held[i] = weight[i]; }
  let rows = min(ROWS, params.b - first);
  for (var unit = thread; unit < UNITS; unit += WORKGROUP) {  // the thread that stores them again
    for (var row = 0u; row < rows; row++) { states[row * UNITS + unit] = state[(first + row) * UNITS + unit]; }
  }
  workgroupBarrier();

  for (var step = 0u; step < params.t; step++) {
    let copy = step % 2;
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var sums = array<vec4f, ROWS>();
      var weights = vec4f();
      for (var k = 0u; k < HELD; k++) {
        for (var gate = 0u; gate < GATES; gate++) { weights[gate] = held[k * COLUMNS + gate * UNITS + unit]; }
        add_products(&sums, k, weights, copy);
      }
      for (var k = HELD; k < UNITS; k++) {
        for (var gate = 0u; gate < GATES; gate++) { weights[gate] = weight[k * COLUMNS + gate * UNITS + unit]; }
        add_products(&sums, k, weights, copy);
      }
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        let before = states[(copy * ROWS + row) * UNITS + unit];
        var next = before;
        var position = step;
        if (step < length) {
          position = select(step, length - 1 - step, params.reverse != 0);
          var of_inputs = vec4f();
          var of_state = sums[row];
          let token = (first + row) * params.t + position;
          for (var gate = 0u; gate < GATES; gate++) {
            of_inputs[gate] = a[token * COLUMNS + gate * UNITS + unit];
            of_state[gate] += bias_at(gate * UNITS + unit);
          }
          next = next_state(of_inputs, of_state, before, (first + row) * UNITS + unit);
        }
        states[((1 - copy) * ROWS + row) * UNITS + unit] = next;
        out[((first + row) * params.t + position) * UNITS + unit] = select(0.0, next, step < length);
        if (step + 1 == params.t) { state[(first + row) * UNITS + unit] = next; }
      }
    }
    workgroupBarrier();
  }
}
