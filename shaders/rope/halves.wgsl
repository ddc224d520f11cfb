// with: lib/position/start
// Rotary positions, halves:  (y[i], y[i + r/2]) = (x[i], x[i + r/2]) turned by the angle of pair i at its position
//
// One thread per pair of elements, or per pair of elements beyond the rotary width r, which pass through. Cosines and
// sines come from a table computed in float64: WGSL promises too little for its own. Requests b·t·h·d reads of x, as
// many writes, and a table entry for each pair. The layout of Llama, Mistral and Qwen checkpoints.

const WORKGROUP: u32 = 64;

struct Params { t: u32, h: u32, d: u32, pairs: u32, positions: u32, start: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;        // [b, t, h, d]
@group(0) @binding(1) var<storage, read> table: array<vec2f>;  // [positions, pairs] of (cos, sin)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [b, t, h, d]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let half_width = (params.d + 1) / 2;
  let h = id.x / half_width;
  if (h >= params.h) { return; }
  let i = id.x % half_width;
  let t = id.y;
  let b = id.z;
  let first = ((b * params.t + t) * params.h + h) * params.d;

  if (i < params.pairs) {
    let turn = table[min(position(b, t), params.positions - 1) * params.pairs + i];
    let low = x[first + i];
    let high = x[first + i + params.pairs];
    y[first + i] = low * turn.x - high * turn.y;
    y[first + i + params.pairs] = high * turn.x + low * turn.y;
  } else {
    for (var at = 2 * i; at < min(2 * i + 2, params.d); at++) {
      y[first + at] = x[first + at];
    }
  }
}
