// with: linear-recurrence/exponential, linear-recurrence/gates/none, linear-recurrence/documents/none
// A linear recurrence, token by token:  state = decay · state + k ⊗ u,  out = scale · stateᵀ · q
//
// As linear-recurrence/recurrent, with a subgroup for four columns of a head's state: a lane has every SUBGROUP-th
// row, and sums over rows meet by shuffles, without workgroup memory and barriers. The read-out shares the pass with
// the delta rule's own reading: stateᵀ · q = (decay · state)ᵀ · q + u · (k · q). Requests (2 + G)·d numbers of a token
// in each workgroup, for G gates a row, and 3 a column. Choose it for few tokens, where the many workgroups count.
enable subgroups;

const SUBGROUP: u32 = 8;
const WIDTH: u32 = 64;  // of keys, d: rows of the state
const READS: u32 = 1;   // 1: the delta rule
const SHARE: u32 = (WIDTH + SUBGROUP - 1) / SUBGROUP;  // rows of a lane
const COLUMNS: u32 = 4;

struct Params { h: u32, hv: u32, t: u32, dv: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<f32>;            // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;            // [b, h, t, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;            // [b, hv, t, dv]
@group(0) @binding(3) var<storage, read> beta: array<f32>;         // [b, hv, t]
@group(0) @binding(4) var<storage, read_write> state: array<f32>;  // [b, hv, d, dv]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;    // [b, hv, t, dv]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(SUBGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let b = workgroup.z;
  let head = workgroup.y;
  let column = workgroup.x * COLUMNS;
  let columns = min(COLUMNS, params.dv - column);
  let values = (b * params.hv + head) * params.t;                            // the first token of the head
  let key_values = (b * params.h + head * params.h / params.hv) * params.t;  // that of its keys
  let first = (b * params.hv + head) * WIDTH * params.dv + column;           // of the state

  var own = array<vec4f, SHARE>();
  for (var s = 0u; s < SHARE; s++) {
    let row = s * SUBGROUP + lane;
    if (row < WIDTH) {
      for (var c = 0u; c < columns; c++) { own[s][c] = state[first + row * params.dv + c]; }
    }
  }
  for (var i = 0u; i < params.t; i++) {
    let token = b * params.t + i;
    let is_new = i > 0 && document_of(token) != document_of(max(token, 1) - 1);
    var keys = array<f32, SHARE>();
    var said = vec4f();   // by the state, of the key
    var found = vec4f();  // by the query, in the state before this token
    var both = 0.0;       // k · q
    for (var s = 0u; s < SHARE; s++) {
      let row = s * SUBGROUP + lane;
      if (row < WIDTH) {
        let at = (key_values + i) * WIDTH + row;
        let query = params.scale * q[at];
        keys[s] = k[at];
        own[s] = select(own[s] * decay_of(log_decay(values + i, head, row)), vec4f(), is_new);
        if (READS != 0) { said = fma(vec4f(keys[s]), own[s], said); }
        found = fma(vec4f(query), own[s], found);
        both = fma(keys[s], query, both);
      }
    }
    if (READS != 0) { said = subgroupAdd(said); }
    found = subgroupAdd(found);
    both = subgroupAdd(both);
    var value = vec4f();
    let at = (values + i) * params.dv + column;
    for (var c = 0u; c < columns; c++) { value[c] = v[at + c]; }
    let u = beta[values + i] * (value - said);
    for (var s = 0u; s < SHARE; s++) { own[s] = fma(vec4f(keys[s]), u, own[s]); }
    if (lane < columns) { out[at + lane] = fma(both, u[lane], found[lane]); }
  }
  for (var s = 0u; s < SHARE; s++) {
    let row = s * SUBGROUP + lane;
    if (row < WIDTH) {
      for (var c = 0u; c < columns; c++) { state[first + row * params.dv + c] = own[s][c]; }
    }
  }
}
