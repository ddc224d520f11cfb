// with: linear-recurrence/chunk
// Gradients of states, from the last chunk to the first:  dstate = decay · dstate + qᵀ · dout - kᵀ · derrors
//
// As linear-recurrence/chunks, from the last chunk to the first, with the gradient of a column of the state in a
// thread. What a token wrote was read by the queries from it on, by the keys after it, and by the state after the
// chunk: du_j = Σ (k_j · q_i) · dout_i - Σ (k_i · k_j) · beta_i · du_i + k_j · dstate, solved from the last token to
// the first. `dstates` holds the gradient of the state after each chunk, dstate at the end that of the first state.
// Requests 3·d numbers of a token in each workgroup with their decays, and 2·SPAN + 2 + d / SPAN a column.

const WORKGROUP: u32 = 64;
const WIDTH: u32 = 64;    // of keys, d: rows of the state
const CHANNELS: u32 = 1;  // gates of a token: 1 or WIDTH
const PLANES: u32 = 3;    // of decays
const READS: u32 = 1;     // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, dv: u32, chunks: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;              // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;              // [b, h, t, d]
@group(0) @binding(2) var<storage, read> pairs: array<vec4f>;        // [b, hv, chunks, 2, SPAN, QUADS]
@group(0) @binding(3) var<storage, read> decays: array<f32>;         // [b, hv, t, PLANES, channels]
@group(0) @binding(4) var<storage, read> dout: array<f32>;           // [b, hv, t, dv]
@group(0) @binding(5) var<storage, read_write> dstate: array<f32>;   // [b, hv, d, dv]
@group(0) @binding(6) var<storage, read_write> du: array<f32>;       // [b, hv, t, dv]
@group(0) @binding(7) var<storage, read_write> dstates: array<f32>;  // [b, hv, chunks, d, dv]
@group(0) @binding(8) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let column = workgroup.x * WORKGROUP + thread;
  let is_column = column < params.dv;
  let row_of_heads = b * params.hv + head;
  let key_values = (b * params.h + head * params.h / params.hv) * params.t;
  let state_size = WIDTH * params.dv;
  let first_state = row_of_heads * state_size + column;

  var own = array<f32, WIDTH>();
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { own[row] = dstate[first_state + row * params.dv]; }
  }
  for (var n = params.chunks; n > 0; n--) {
    let chunk = n - 1;
    let first = chunk * SPAN;
    let count = min(SPAN, params.t - first);
    let values = row_of_heads * params.t + first;
    let keys = (key_values + first) * WIDTH;
    let pair = (row_of_heads * params.chunks + chunk) * 2 * SPAN * QUADS;

    load_keys(values, keys, count, LEAVING, thread);
    workgroupBarrier();
    var douts = array<vec4f, QUADS>();
    var derrors = array<vec4f, QUADS>();
    if (is_column) {
      let at = (row_of_heads * params.chunks + chunk) * state_size + column;
      for (var row = 0u; row < WIDTH; row++) { dstates[at + row * params.dv] = own[row]; }
      let after_chunk = product(&own);
      for (var quad = 0u; quad < QUADS; quad++) {
        for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
          douts[quad][j] = dout[(values + quad * 4 + j) * params.dv + column];
        }
      }
      for (var last = QUADS; last > 0; last--) {
        let quad = last - 1;
        for (var next = 4u; next > 0; next--) {
          let j = next - 1;
          let own_pairs = pair + (quad * 4 + j) * QUADS;
          var sums = vec4f();
          for (var i = quad; i < QUADS; i++) {
            sums = fma(pairs[own_pairs + SPAN * QUADS + i], douts[i], sums);
            if (READS != 0) { sums = fma(-pairs[own_pairs + i], derrors[i], sums); }  // its own is still 0
          }
          let sum = after_chunk[quad][j] + sums.x + sums.y + sums.z + sums.w;
          if (quad * 4 + j < count) { du[(values + quad * 4 + j) * params.dv + column] = sum; }
          derrors[quad][j] = pairs[own_pairs + quad][j] * sum;  // beta on the diagonal
        }
      }
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
      for (var row = 0u; row < WIDTH; row++) {
        own[row] = decay(values + count - 1, row, ENTERING) * own[row] + added(row, douts);
      }
    }
    workgroupBarrier();
    if (READS != 0) { load_keys(values, keys, count, ENTERING, thread); }
    workgroupBarrier();
    if (is_column && READS != 0) {
      for (var row = 0u; row < WIDTH; row++) { own[row] -= added(row, derrors); }
    }
    workgroupBarrier();
  }
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { dstate[first_state + row * params.dv] = own[row]; }
  }
}
