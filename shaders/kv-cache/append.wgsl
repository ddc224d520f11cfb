// with: lib/position/start
// Store keys and values:  keys[b, g, position(b, t)] = k[b, t, g],  values[b, g, position(b, t)] = v[b, t, g]
//
// One thread per element of a token's heads, its key and its value. The cache has each head's tokens together,
// so that attention reads them in a row. Tokens that the step does not count, and positions past the cache's end, are
// not stored. Requests one read and one write of each element.

const WORKGROUP: u32 = 64;

struct Params { t: u32, g: u32, d: u32, dv: u32, s: u32, start: u32 }

@group(0) @binding(0) var<storage, read> k: array<f32>;             // [b, t, g, d]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [b, t, g, dv]
@group(0) @binding(2) var<storage, read_write> keys: array<f32>;    // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> values: array<f32>;  // [b, g, s, dv]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y;
  let b = id.z;
  let at = position(b, t);
  if (at >= params.s || t >= live_tokens(b)) { return; }
  let token = (b * params.t + t) * params.g;

  if (id.x < params.g * params.d) {
    let g = id.x / params.d;
    keys[((b * params.g + g) * params.s + at) * params.d + id.x % params.d] = k[token * params.d + id.x];
  }
  if (id.x < params.g * params.dv) {
    let g = id.x / params.dv;
    values[((b * params.g + g) * params.s + at) * params.dv + id.x % params.dv] = v[token * params.dv + id.x];
  }
}
