// with: linear-recurrence/exponential, linear-recurrence/gates/none, linear-recurrence/documents/none
// A linear recurrence, token by token:  state = decay · state + k ⊗ u,  out = scale · stateᵀ · q
//
// With READS, what is written is the error of what the state says of the key, u = beta · (v - stateᵀ · k), the delta
// rule (Widrow and Hoff 1960; Schlag et al. 2021); else u = beta · v. A thread holds a column of a head's state, so
// that all sums are its own; the columns of a workgroup share each key and query through workgroup memory. Two
// barriers a token. Requests (2 + G)·d numbers of a token in each workgroup, for G gates a row, and 3 a column.

const WORKGROUP: u32 = 64;
const WIDTH: u32 = 64;  // of keys, d: rows of the state
const READS: u32 = 1;   // 1: the delta rule

struct Params { h: u32, hv: u32, t: u32, dv: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;            // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;            // [b, h, t, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;            // [b, hv, t, dv]
@group(0) @binding(3) var<storage, read> beta: array<f32>;         // [b, hv, t]
@group(0) @binding(4) var<storage, read_write> state: array<f32>;  // [b, hv, d, dv]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;    // [b, hv, t, dv]
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> keys: array<f32, WIDTH>;
var<workgroup> queries: array<f32, WIDTH>;
var<workgroup> decays: array<f32, WIDTH>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let column = workgroup.x * WORKGROUP + thread;
  let is_column = column < params.dv;
  let values = (b * params.hv + head) * params.t;                            // the first token of the head
  let key_values = (b * params.h + head * params.h / params.hv) * params.t;  // that of its keys
  let first = (b * params.hv + head) * WIDTH * params.dv + column;           // of the state

  var own = array<f32, WIDTH>();
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { own[row] = state[first + row * params.dv]; }
  }
  for (var i = 0u; i < params.t; i++) {
    for (var row = thread; row < WIDTH; row += WORKGROUP) {
      keys[row] = k[(key_values + i) * WIDTH + row];
      queries[row] = params.scale * q[(key_values + i) * WIDTH + row];
      decays[row] = decay_of(log_decay(values + i, head, row));
    }
    workgroupBarrier();
    if (is_column) {
      let token = b * params.t + i;
      if (i > 0 && document_of(token) != document_of(max(token, 1) - 1)) {
        for (var row = 0u; row < WIDTH; row++) { own[row] = 0.0; }
      }
      var said = 0.0;  // by the state, of the key
      for (var row = 0u; row < WIDTH; row++) {
        own[row] *= decays[row];
        if (READS != 0) { said = fma(keys[row], own[row], said); }
      }
      let at = (values + i) * params.dv + column;
      let u = beta[values + i] * (v[at] - said);
      var sum = 0.0;
      for (var row = 0u; row < WIDTH; row++) {
        own[row] = fma(keys[row], u, own[row]);
        sum = fma(queries[row], own[row], sum);
      }
      out[at] = sum;
    }
    workgroupBarrier();  // the token has been read
  }
  if (is_column) {
    for (var row = 0u; row < WIDTH; row++) { state[first + row * params.dv] = own[row]; }
  }
}
