// with: linear-recurrence/chunk
// The state before each chunk, for gradients:  states[n + 1] = decay · states[n] + kᵀ · u, and each token's error
//
// As linear-recurrence/chunks, without reading out. `errors` is v - stateᵀ · k, of which beta is written; without
// READS v itself. Requests 2·d numbers of a token in each workgroup with their decays, and SPAN + 2 + d / SPAN a
// column.

const WORKGROUP: u32 = 64;
const WIDTH: u32 = 64;    // of keys, d: rows of the state
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 3;    // of decays
const READS: u32 = 1;     // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, dv: u32, chunks: u32 }

@group(0) @binding(0) var<storage, read> k: array<f32>;             // [b, h, t, d]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [b, hv, t, dv]
@group(0) @binding(2) var<storage, read> pairs: array<vec4f>;       // [b, hv, chunks, 2, SPAN, QUADS]
@group(0) @binding(3) var<storage, read> decays: array<f32>;        // [b, hv, t, PLANES, channels]
@group(0) @binding(4) var<storage, read> start: array<f32>;         // [b, hv, d, dv]
@group(0) @binding(5) var<storage, read_write> states: array<f32>;  // [b, hv, chunks + 1, d, dv]
@group(0) @binding(6) var<storage, read_write> errors: array<f32>;  // [b, hv, t, dv]
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let column = workgroup.x * WORKGROUP + thread;
  let is_column = column < params.dv;
  let row_of_heads = b * params.hv + head;
  let key_values = (b * params.h + head * params.h / params.hv) * params.t;
  let state_size = WIDTH * params.dv;
  var at_state = row_of_heads * (params.chunks + 1) * state_size + column;

  var own = array<f32, WIDTH>();
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) {
      own[row] = start[row_of_heads * state_size + row * params.dv + column];
      states[at_state + row * params.dv] = own[row];
    }
  }
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let first = chunk * SPAN;
    let count = min(SPAN, params.t - first);
    let values = row_of_heads * params.t + first;
    let keys = (key_values + first) * WIDTH;
    let pair = (row_of_heads * params.chunks + chunk) * 2 * SPAN * QUADS;

    if (READS != 0) { load_keys(values, keys, count, ENTERING, thread); }
    workgroupBarrier();
    var u = array<vec4f, QUADS>();
    if (is_column) {
      var left = array<vec4f, QUADS>();
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
          left[quad][j] = v[(values + quad * 4 + j) * params.dv + column];
        }
      }
      if (READS != 0) {
        let said = product(&own);
        for (var quad = 0u; quad < QUADS; quad++) { left[quad] -= said[quad]; }
      }
      let found = solve(left, pair);
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
          errors[(values + quad * 4 + j) * params.dv + column] = found.errors[quad][j];
        }
      }
      u = found.written;
    }
    workgroupBarrier();
    load_keys(values, keys, count, LEAVING, thread);
    workgroupBarrier();
    if (is_column) {
      at_state += state_size;
      for (var row = 0u; row < WIDTH; row++) {
        own[row] = decay(values + count - 1, row, ENTERING) * own[row] + added(row, u);
        states[at_state + row * params.dv] = own[row];
      }
    }
    workgroupBarrier();
  }
}
