// with: attention/masks/causal, attention/scores/none, attention/sink/none, attention/lse/none, lib/extent/fixed
// with: attention/views, lib/products, lib/online-softmax, lib/reduce
// Attention in one kernel, in two passes over the keys of a row:  out = Σ (exp(score - max) / Σ exp(score - max)) · v
//
// One workgroup per row, which is one query of one head. The first pass finds maximum and sum: each thread goes over
// every WORKGROUP-th key, and only at the end do the threads combine theirs. The second computes the scores again
// instead of storing them, and then has the final weights of the softmax: no partial output is ever rescaled. Sums are
// taken in runs (shaders/README.md). Nothing of size s is kept. Requests 5·d·s reads a row to the 3·d·s of
// attention/rows, for fewer barriers. The rung between naive and rows.

const WORKGROUP: u32 = 64;  // d is at most four times that
const RUN: u32 = 32;        // times WORKGROUP keys are a run
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree reduction halves it

struct Params { h: u32, g: u32, t: u32, d: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> weights: array<f32, WORKGROUP>;   // of WORKGROUP keys
var<workgroup> shares: array<vec4f, WORKGROUP>;  // each thread's part of the output

// The score of one key, LOWEST where the mask hides it.
fn score_of(b: u32, h: u32, group: u32, q_first: u32, position: u32, key: u32) -> f32 {
  if (!mask_mod(b, h, position, key)) { return LOWEST; }
  let k_first = k_row(b, group, key) / 4;
  var products = vec4f(0.0);
  for (var i = 0u; i < params.d / 4; i++) {
    products = fma(q[q_first + i], k[k_first + i], products);
  }
  return score_mod(dot(products, vec4f(1.0)) * params.scale, b, h, position, key);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let group = h / (params.h / params.g);
  let position = first_query(b) + t;
  let q_first = q_row(b, h, t) / 4;
  let keys = key_range(b, position, position, key_count(b));

  // The first pass: maximum and sum.
  var own_largest = LOWEST;
  var own_sum = 0.0;
  var run_sum = 0.0;
  for (var key = keys.x + thread; key < keys.y; key += WORKGROUP) {
    if ((key - keys.x - thread) % (RUN * WORKGROUP) == 0) {  // a new run
      own_sum += run_sum;
      run_sum = 0.0;
    }
    let score = score_of(b, h, group, q_first, position, key);
    let before = own_largest;
    own_largest = max(before, score);
    let rescale = softmax_rescale(before, own_largest);
    own_sum *= rescale;
    run_sum = run_sum * rescale + softmax_weight(score, own_largest);
  }
  let largest = workgroup_max(own_largest, thread);
  let sum = workgroup_sum((own_sum + run_sum) * softmax_rescale(own_largest, largest), thread);
  let state = with_sink(h, largest, sum);

  // The second: weights times values.
  let vectors = params.d / 4;
  let value_threads = WORKGROUP / vectors;  // that share a vector of columns of v
  let column = thread % vectors;
  let value_thread = thread / vectors;
  var accumulator = vec4f(0.0);  // of this thread's columns, over its share of the keys
  var run_accumulator = vec4f(0.0);
  for (var first = keys.x; first < keys.y; first += WORKGROUP) {
    if ((first - keys.x) % (RUN * WORKGROUP) == 0) {  // a new run
      accumulator += run_accumulator;
      run_accumulator = vec4f(0.0);
    }
    let key = first + thread;
    if (key < keys.y) {
      let weight = softmax_weight(score_of(b, h, group, q_first, position, key), state.largest);
      weights[thread] = select(weight / state.sum, 0.0, state.sum == 0.0);
    }
    workgroupBarrier();
    if (value_thread < value_threads) {
      var own = vec4f(0.0);
      for (var i = value_thread; i < min(WORKGROUP, keys.y - first); i += value_threads) {
        own = add_weighted(weights[i], v[v_row(b, group, first + i) / 4 + column], own);
      }
      run_accumulator += own;
    }
    workgroupBarrier();  // the weights have been read
  }

  shares[thread] = accumulator + run_accumulator;
  workgroupBarrier();
  if (thread < vectors) {
    var total = vec4f(0.0);
    for (var i = 0u; i < value_threads; i++) { total += shares[i * vectors + column]; }
    out[((b * params.t + t) * params.h + h) * vectors + column] = total;
  }
  if (thread == 0) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); }
}
