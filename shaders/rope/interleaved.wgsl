// with: lib/position/start, lib/grid
// Rotary position embedding, interleaved:  (y[2·i], y[2·i + 1]) = (x[2·i], x[2·i + 1]) turned by the position's angle i
//
// Neighbouring elements of a head turn together, as the paper has it (Su et al. 2021, equation 34). One thread per pair, and one
// per element of the rest of the head, which passes through. Requests 4 reads and 2 writes a pair.

const WORKGROUP: u32 = 64;

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
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + thread;
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
  let turn = table[position(b, t) * params.pairs + slot];
  let first = x[x_row + 2 * slot];
  let second = x[x_row + 2 * slot + 1];
  y[y_row + 2 * slot] = first * turn.x - second * turn.y;
  y[y_row + 2 * slot + 1] = second * turn.x + first * turn.y;
}
