// with: recurrent/lengths/all, lib/numbers/sigmoid, lib/vector/one, lib/grid
// Gradients through the reset of a step:  with s that of r · state, dr = s · state · r · (1 - r), and s · r goes straight
// to the state before
//
// One thread an element of the state; recurrent/step-backward has written the other gates. A row that has ended keeps
// what it has. Requests 4 reads and 3 writes for each element.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, h: u32, step: u32, reverse: u32 }

@group(0) @binding(0) var<storage, read> gates: array<f32>;         // [b, t, 3 · h], before their functions
@group(0) @binding(1) var<storage, read> previous: array<f32>;      // [b, t, h]
@group(0) @binding(2) var<storage, read> s: array<f32>;             // [b, h]
@group(0) @binding(3) var<storage, read_write> dstate: array<f32>;  // [b, h]
@group(0) @binding(4) var<storage, read_write> dgates: array<f32>;  // [b, t, 3 · h]
@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(6) var<storage, read_write> slopes: array<f32>;  // [b, 3 · h]

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.h) { return; }
  let row = at / params.h;
  let unit = at % params.h;
  let length = row_length(row);
  if (params.step >= length) { return; }
  let position = select(params.step, length - 1 - params.step, params.reverse != 0);
  let token = row * params.t + position;
  let r = sigmoid(gates[token * 3 * params.h + unit]);
  let through = s[at];
  let dr = through * previous[token * params.h + unit] * r * (1.0 - r);
  dstate[at] += through * r;
  dgates[token * 3 * params.h + unit] = dr;
  slopes[row * 3 * params.h + unit] = dr;
}
