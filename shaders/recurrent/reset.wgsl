// with: recurrent/lengths/all, lib/numbers/sigmoid, lib/vector/one, lib/grid
// What a GRU multiplies that is reset before the product:  y[row] = sigmoid(a_r[row, position] + m_r[row]) · state[row]
//
// One thread an element of the state. In a row that has ended it is 0. Requests 3 reads and a write for each element.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, step: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;        // [b, t, 3 · h]: r, z, n
@group(0) @binding(1) var<storage, read> m: array<f32>;        // [b, 2 · h]: r, z
@group(0) @binding(2) var<storage, read> state: array<f32>;    // [b, h]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [b, h]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.h) { return; }
  let row = at / params.h;
  let unit = at % params.h;
  let length = row_length(row);
  if (params.step >= length) {
    y[at] = 0.0;
    return;
  }
  let position = select(params.step, length - 1 - params.step, params.reverse != 0);
  let token = row * params.t + position;
  y[at] = sigmoid(a[token * 3 * params.h + unit] + m[row * 2 * params.h + unit]) * state[at];
}
