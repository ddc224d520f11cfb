// with: linear-attention/feature, lib/reduce
// Linear attention from its states:  out = φ(q) · (state + Σ φ(k) ⊗ v) / φ(q) · (state's last column + Σ φ(k))
//
// One workgroup per query row of a head. The state holds the whole chunks that the query sees; of the chunk that it is
// in, each thread weights keys by φ(q) · φ(k), as attention without a softmax would. Then each thread computes columns
// of out. Requests d·(dv + 1) reads of the state and (d + dv) of each key after it, regardless of the length before.
// The last kernel of linear attention.

const WORKGROUP: u32 = 64;
const MAX_WIDTH: u32 = 256;  // of a head
const SPAN: u32 = 64;        // keys after the whole chunks, at most

struct Params {
  h: u32, g: u32, t: u32, d: u32, dv: u32, chunks: u32, span: u32, start: i32, length: u32, causal: u32,
  q_first: u32, q_batch: u32, q_head: u32, q_token: u32,
  k_first: u32, k_batch: u32, k_head: u32, k_token: u32,
  v_first: u32, v_batch: u32, v_head: u32, v_token: u32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>;          // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<f32>;          // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;          // [b, g, s, dv]
@group(0) @binding(3) var<storage, read> states: array<f32>;     // [b, g, chunks, d, dv + 1], running sums
@group(0) @binding(4) var<storage, read_write> out: array<f32>;  // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> features: array<f32, MAX_WIDTH>;  // of the query
var<workgroup> weights: array<f32, SPAN>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let g = h / (params.h / params.g);
  let visible = select(params.length, u32(clamp(params.start + i32(t) + 1, 0, i32(params.length))), params.causal != 0);
  let whole = visible / params.span;  // chunks
  let rest = whole * params.span;     // the first key after them
  let width = params.dv + 1;
  let state = ((b * params.g + g) * params.chunks + whole - 1) * params.d * width;

  for (var i = thread; i < params.d; i += WORKGROUP) {
    features[i] = feature(q[params.q_first + b * params.q_batch + h * params.q_head + t * params.q_token + i]);
  }
  workgroupBarrier();

  var own_sum = 0.0;  // this thread's share of the weights of all keys
  for (var key = rest + thread; key < visible; key += WORKGROUP) {
    let row = params.k_first + b * params.k_batch + g * params.k_head + key * params.k_token;
    var weight = 0.0;
    for (var i = 0u; i < params.d; i++) { weight = fma(features[i], feature(k[row + i]), weight); }
    weights[key - rest] = weight;
    own_sum += weight;
  }
  if (whole > 0) {
    for (var i = thread; i < params.d; i += WORKGROUP) {
      own_sum = fma(features[i], states[state + i * width + params.dv], own_sum);
    }
  }
  let sum = workgroup_sum(own_sum, thread);  // its barriers also show the weights to all

  for (var column = thread; column < params.dv; column += WORKGROUP) {
    var accumulator = 0.0;
    if (whole > 0) {
      for (var i = 0u; i < params.d; i++) { accumulator = fma(features[i], states[state + i * width + column], accumulator); }
    }
    let first = params.v_first + b * params.v_batch + g * params.v_head + column;
    for (var key = rest; key < visible; key++) {
      accumulator = fma(weights[key - rest], v[first + key * params.v_token], accumulator);
    }
    out[((b * params.t + t) * params.h + h) * params.dv + column] = select(accumulator / sum, 0.0, visible == 0);
  }
}
