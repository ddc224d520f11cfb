// with: lib/position/start
// Rotary positions, interleaved:  (y[2i], y[2i + 1]) = (x[2i], x[2i + 1]) turned by the angle of pair i at its position
//
// One thread per pair of elements; pairs beyond the rotary width pass through. As `halves`, but with neighbours for
// pairs: the layout of GPT-J and of GGUF files of Llama.

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
  let first = ((b * params.t + t) * params.h + h) * params.d + 2 * i;

  if (i < params.pairs) {
    let turn = table[min(position(b, t), params.positions - 1) * params.pairs + i];
    let low = x[first];
    let high = x[first + 1];
    y[first] = low * turn.x - high * turn.y;
    y[first + 1] = high * turn.x + low * turn.y;
  } else {
    y[first] = x[first];
    if (2 * i + 1 < params.d) {
      y[first + 1] = x[first + 1];
    }
  }
}
