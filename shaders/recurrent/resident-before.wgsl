// with: recurrent/lengths/all, lib/bias/none, lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one, lib/grid
// All steps of a GRU that is reset before the product:  state = (1 - z) · state + z · n, as recurrent/cells/gru-before
//
// As recurrent/resident, with two products a step: first those of r and z with the states, then, after a barrier, that of
// n with r · state. The states need no second copy, since all are read before the barrier and written after it. Requests
// in each workgroup 3 · h² numbers of the weight once and 3 · h · (h - HELD) of them in each step, and for each element of
// the state 4 reads and writes a step.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 4;    // of the batch, the components of a vector
const UNITS: u32 = 32;  // of the state, h
const HELD: u32 = 16;   // of the UNITS rows of the weight
const COLUMNS: u32 = 3 * UNITS;  // r, z, n

struct Params { b: u32, t: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;            // [b, t, 3 · h]
@group(0) @binding(1) var<storage, read> weight: array<f32>;       // [h, 3 · h]
@group(0) @binding(2) var<storage, read_write> state: array<f32>;  // [b, h]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;    // [b, t, h]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> held: array<f32, max(HELD, 1) * COLUMNS>;
var<workgroup> states: array<vec4f, UNITS>;   // a row a component
var<workgroup> resets: array<vec4f, UNITS>;   // r · state
var<workgroup> updates: array<vec4f, UNITS>;  // z, which the same thread reads again

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
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var of_r = vec4f();
      var of_z = vec4f();
      for (var k = 0u; k < HELD; k++) {
        of_r += states[k] * held[k * COLUMNS + unit];
        of_z += states[k] * held[k * COLUMNS + UNITS + unit];
      }
      for (var k = HELD; k < UNITS; k++) {
        of_r += states[k] * weight[k * COLUMNS + unit];
        of_z += states[k] * weight[k * COLUMNS + UNITS + unit];
      }
      let before = states[unit];
      var reset = vec4f();
      var update = vec4f();
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        if (step < length) {
          let at = place(first + row, step, length) * COLUMNS + unit;
          reset[row] = sigmoid(a[at] + of_r[row] + bias_at(unit)) * before[row];
          update[row] = sigmoid(a[at + UNITS] + of_z[row] + bias_at(UNITS + unit));
        }
      }
      resets[unit] = reset;
      updates[unit] = update;
    }
    workgroupBarrier();
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      var of_n = vec4f();
      for (var k = 0u; k < HELD; k++) { of_n += resets[k] * held[k * COLUMNS + 2 * UNITS + unit]; }
      for (var k = HELD; k < UNITS; k++) { of_n += resets[k] * weight[k * COLUMNS + 2 * UNITS + unit]; }
      let update = updates[unit];
      var next = states[unit];
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        let token = place(first + row, step, length);
        if (step < length) {
          let n = activation(a[token * COLUMNS + 2 * UNITS + unit] + of_n[row] + bias_at(2 * UNITS + unit));
          next[row] += update[row] * (n - next[row]);
        }
        out[token * UNITS + unit] = select(0.0, next[row], step < length);
        if (step + 1 == params.t) { state[(first + row) * UNITS + unit] = next[row]; }
      }
      states[unit] = next;
    }
    workgroupBarrier();  // before the next products read the states
  }
}

// The token of a row that a step reads; in a row that has ended, that of the step itself.
fn place(row: u32, step: u32, length: u32) -> u32 {
  return row * params.t + select(step, length - 1 - step, params.reverse != 0 && step < length);
}
