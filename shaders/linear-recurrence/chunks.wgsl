// with: linear-recurrence/chunk
// A linear recurrence, a chunk of tokens at a time:  state = decay · state + kᵀ · u,  out = scale · stateᵀ · q
//
// As linear-recurrence/recurrent, whose steps are written out for SPAN tokens at once. What they write is a triangular
// system, u_i = beta_i · (v_i - stateᵀ · k_i - Σ (k_i · k_j) · u_j) over the tokens j before i, solved forwards:
// repeated squaring of the matrix, which is faster on paper, overflows. A thread holds a column of the state, and a
// number for each token of the chunk in QUADS vectors, so that all sums are its own and each number of the state
// serves all tokens; the workgroup's columns share keys and queries through workgroup memory, six barriers a chunk.
// Requests 3·d numbers of a token in each workgroup with their decays, and 2·SPAN + 2 a column. The second of the
// kernels by chunks, for many tokens.

const WORKGROUP: u32 = 64;
const WIDTH: u32 = 64;    // of keys, d: rows of the state
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 2;    // of decays
const READS: u32 = 1;     // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, dv: u32, chunks: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;            // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;            // [b, h, t, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;            // [b, hv, t, dv]
@group(0) @binding(3) var<storage, read> pairs: array<vec4f>;      // [b, hv, chunks, 2, SPAN, QUADS]
@group(0) @binding(4) var<storage, read> decays: array<f32>;       // [b, hv, t, PLANES, channels]
@group(0) @binding(5) var<storage, read_write> state: array<f32>;  // [b, hv, d, dv]
@group(0) @binding(6) var<storage, read_write> out: array<f32>;    // [b, hv, t, dv]
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let column = workgroup.x * WORKGROUP + thread;
  let is_column = column < params.dv;
  let row_of_heads = b * params.hv + head;
  let key_values = (b * params.h + head * params.h / params.hv) * params.t;
  let first_state = row_of_heads * WIDTH * params.dv + column;

  var own = array<f32, WIDTH>();
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { own[row] = state[first_state + row * params.dv]; }
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
      var errors = array<vec4f, QUADS>();
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
          errors[quad][j] = v[(values + quad * 4 + j) * params.dv + column];
        }
      }
      if (READS != 0) {
        let said = product(&own);
        for (var quad = 0u; quad < QUADS; quad++) { errors[quad] -= said[quad]; }
      }
      u = solve(errors, pair).written;
    }
    workgroupBarrier();
    for (var i = thread; i < WIDTH * QUADS; i += WORKGROUP) {
      let row = i % WIDTH;
      let quad = i / WIDTH;
      var four = vec4f();
      for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
        let token = quad * 4 + j;
        four[j] = params.scale * decay(values + token, row, ENTERING) * q[keys + token * WIDTH + row];
      }
      tile[quad * WIDTH + row] = four;
    }
    workgroupBarrier();
    if (is_column) {
      var sums = product(&own);
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4; j++) {
          let own_pairs = pair + (SPAN + quad * 4 + j) * QUADS;
          for (var later = quad; later < QUADS; later++) {
            sums[later] = fma(pairs[own_pairs + later], vec4f(u[quad][j]), sums[later]);
          }
        }
      }
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
          out[(values + quad * 4 + j) * params.dv + column] = sums[quad][j];
        }
      }
    }
    workgroupBarrier();
    load_keys(values, keys, count, LEAVING, thread);
    workgroupBarrier();
    if (is_column) {
      for (var row = 0u; row < WIDTH; row++) {
        own[row] = decay(values + count - 1, row, ENTERING) * own[row] + added(row, u);
      }
    }
    workgroupBarrier();
  }
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { state[first_state + row * params.dv] = own[row]; }
  }
}
