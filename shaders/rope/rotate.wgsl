// with: rope/pairs/halves, lib/position/start
// with: lib/grid
// Rotary position embedding:  (y₁, y₂) = (x₁ · cos φ - x₂ · sin φ, x₂ · cos φ + x₁ · sin φ), φ = position · frequency
//
// (x₁, x₂) is pair i of a head: which two elements these are is a part, rope/pairs. Each i has a frequency of its own,
// and table has the cosine and the sine for every position. Of the positions of a query and a key only the distance
// enters the dot product of the two. One thread per pair, and one per element of the rest of the head, which passes
// through. Requests 4 reads and 2 writes a pair.

const WORKGROUP: u32 = 64;
const BACK: bool = false;  // rotates by the negative angles, which is the gradient of a rotation

struct Params {
  size: u32,   // threads: b·t·h·(d - pairs)
  t: u32, h: u32, d: u32,
  pairs: u32,
  start: u32,
  x_first: u32, x_batch: u32, x_token: u32, x_head: u32,  // where x [b, t, h, d], a view, begins and its strides
}

@group(0) @binding(0) var<storage, read> x: array<f32>;          // [b, t, h, d]
@group(0) @binding(1) var<storage, read> table: array<vec2f>;    // [p, pairs, 2], cosine and sine
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [b, t, h, d]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let slots = params.d - params.pairs;  // threads of a head
  let slot = i % slots;
  let head = i / slots;  // of all heads of all tokens
  let h = head % params.h;
  let t = head / params.h % params.t;
  let b = head / (params.h * params.t);
  let x_row = params.x_first + b * params.x_batch + t * params.x_token + h * params.x_head;
  let y_row = head * params.d;

  if (slot >= params.pairs) {
    y[y_row + params.pairs + slot] = x[x_row + params.pairs + slot];
    return;
  }
  let cosine_sine = table[position(b, t) * params.pairs + slot];
  let cosine = cosine_sine.x;
  let sine = select(cosine_sine.y, -cosine_sine.y, BACK);
  let pair = pair_elements(slot);
  let first = x[x_row + pair.x];
  let second = x[x_row + pair.y];
  y[y_row + pair.x] = first * cosine - second * sine;
  y[y_row + pair.y] = second * cosine + first * sine;
}
