// with: recurrent/slopes/gru-before, recurrent/lengths/all, lib/grid
// All steps of a GRU that is reset before the product, backwards:  as recurrent/step-backward, recurrent/reset-backward
//
// As recurrent/resident-backward, with two products a step: the slopes of n, first, give the gradient of r · state, from
// which that of r follows; the slopes of r and z are multiplied after another barrier. Requests in each workgroup
// HELD · h numbers of the weight once and (3 · h - HELD) · h of them in each step; for each element of the state 9 reads
// and writes a step and 3 of dstate each way.

const WORKGROUP: u32 = 64;
const ROWS: u32 = 4;    // of the batch, the components of a vector
const UNITS: u32 = 32;  // of the state, h
const HELD: u32 = 32;   // of the COLUMNS rows of the weight
const COLUMNS: u32 = GATES * UNITS;
const NEXT: u32 = 2 * UNITS;  // where the rows of n begin

struct Params { b: u32, t: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> gates: array<f32>;         // [b, t, 3 · h], before their functions
@group(0) @binding(1) var<storage, read> dout: array<f32>;          // [b, t, h]
@group(0) @binding(2) var<storage, read_write> dstate: array<f32>;  // [b, h]
@group(0) @binding(3) var<storage, read_write> dgates: array<f32>;  // [b, t, 3 · h]
@group(0) @binding(4) var<storage, read> weight: array<f32>;        // [3 · h, h]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> held: array<f32, max(HELD, 1) * UNITS>;
var<workgroup> slopes: array<vec4f, COLUMNS>;  // of r, z, n, a row a component

// For recurrent/slopes, as in recurrent/step-backward.
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
      var of_z = vec4f();
      var of_n = vec4f();
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        let at = (first + row) * UNITS + unit;
        let token = place(first + row, step, length);
        let begin = token * COLUMNS + unit;
        if (step <= length) {
          let sums = vec4f(0.0, gates[begin + UNITS], gates[begin + NEXT], 0.0);
          let found = slopes_of(sums, dout[token * UNITS + unit] + dstate[at], token, first + row, unit);
          dstate[at] = found.direct;
          of_z[row] = found.of_state.y;
          of_n[row] = found.of_state.z;
        }
        dgates[begin + UNITS] = of_z[row];
        dgates[begin + NEXT] = of_n[row];
      }
      slopes[UNITS + unit] = of_z;
      slopes[NEXT + unit] = of_n;
    }
    workgroupBarrier();
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      let through = product(NEXT, COLUMNS, unit);
      var of_r = vec4f();
      for (var row = 0u; row < rows; row++) {
        let length = row_length(first + row);
        let token = place(first + row, step, length);
        if (step <= length) {
          let r = sigmoid(gates[token * COLUMNS + unit]);
          of_r[row] = through[row] * previous[token * UNITS + unit] * r * (1.0 - r);
          dstate[(first + row) * UNITS + unit] += through[row] * r;
        }
        dgates[token * COLUMNS + unit] = of_r[row];
      }
      slopes[unit] = of_r;
    }
    workgroupBarrier();
    for (var unit = thread; unit < UNITS; unit += WORKGROUP) {
      let sums = product(0, NEXT, unit);
      for (var row = 0u; row < rows; row++) { dstate[(first + row) * UNITS + unit] += sums[row]; }
    }
    workgroupBarrier();  // before the next slopes replace these
  }
}

// The sum over rows `begin` to `end` of the weight, of which the first HELD are held.
fn product(begin: u32, end: u32, unit: u32) -> vec4f {
  var sums = vec4f();
  for (var i = begin; i < min(HELD, end); i++) { sums += slopes[i] * held[i * UNITS + unit]; }
  for (var i = max(HELD, begin); i < end; i++) { sums += slopes[i] * weight[i * UNITS + unit]; }
  return sums;
}

// The token of a row that a step read; in a row that has ended, that of the step itself. Steps count from 1 here.
fn place(row: u32, step: u32, length: u32) -> u32 {
  return row * params.t + select(step - 1, length - step, params.reverse != 0 && step <= length);
}
