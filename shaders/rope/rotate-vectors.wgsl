// with: rope/quads/halves, lib/position/start
// with: lib/grid
// Rotary position embedding:  (y₁, y₂) = (x₁ · cos φ - x₂ · sin φ, x₂ · cos φ + x₁ · sin φ), φ = position · frequency
//
// As rope/rotate, in vectors: one thread per four pairs, and one per four elements of the rest of the head, so that a
// fourth as many threads compute where their token and its angles lie. Requests 4 reads and 2 writes a pair. Choose it
// where heads and rotated parts are whole vectors.

const WORKGROUP: u32 = 64;
const BACK: bool = false;  // rotates by the negative angles, which is the gradient of a rotation

struct Params {
  size: u32,          // threads: b·t·h·(d - pairs)
  t: u32, h: u32,
  d: u32, pairs: u32,  // in fours
  start: u32,
  x_first: u32, x_batch: u32, x_token: u32, x_head: u32,  // where x [b, t, h, d], a view, begins and its strides, in fours
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [b, t, h, d]
@group(0) @binding(1) var<storage, read> table: array<vec4f>;    // [p, pairs, 2], two cosines and sines each
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let slots = params.d - params.pairs;
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
  let entry = (position(b, t) * params.pairs + slot) * 2;
  let low = table[entry];
  let high = table[entry + 1];
  let cosines = vec4f(low.xz, high.xz);
  let forwards = vec4f(low.yw, high.yw);
  let sines = select(forwards, -forwards, BACK);
  let place = quad_vectors(slot);
  let pairs = pairs_of(mat2x4f(x[x_row + place.x], x[x_row + place.y]));
  let first = pairs[0] * cosines - pairs[1] * sines;
  let second = pairs[1] * cosines + pairs[0] * sines;
  let rotated = vectors_of(mat2x4f(first, second));
  y[y_row + place.x] = rotated[0];
  y[y_row + place.y] = rotated[1];
}
