// with: attention/cache/f32, attention/masks/causal, attention/scores/none, attention/sink/none, attention/lse/none
// with: lib/extent/fixed
// with: attention/views, lib/products, lib/online-softmax, lib/reduce
// Attention in one kernel, a row at a time:  out = Σ exp(score - max) · v / Σ exp(score - max)
//
// One workgroup per row, which is one query of one head. It goes over the keys WORKGROUP at a time: each thread scores
// one key, the maximum and the sum meet in workgroup memory, then each thread gathers a vector of four columns of v
// over every VALUE_THREADS-th key. Sums are taken in runs (shaders/README.md). Nothing of size s is kept. Requests
// 3·d·s reads a row, and every row reads all of k and v again. The rung between two-pass and flash-plain.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and out
const WORKGROUP: u32 = 64;
const RUN: u32 = 32;          // times WORKGROUP keys are a run

const VALUE_VECTORS = VALUE_WIDTH / 4;
const VALUE_THREADS = WORKGROUP / VALUE_VECTORS;  // threads that share a vector of columns of v
const_assert HEAD_WIDTH % 4 == 0 && VALUE_WIDTH % 4 == 0 && VALUE_VECTORS <= WORKGROUP;
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree reduction halves it

struct Params { h: u32, g: u32, t: u32, d: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, dv]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> weights: array<f32, WORKGROUP>;   // of WORKGROUP keys
var<workgroup> shares: array<vec4f, WORKGROUP>;  // each thread's part of the output

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b_and_query = batch_and_block(workgroup.x, workgroup.z, 1, 1);
  let b = b_and_query.x;
  let t = b_and_query.y;
  if (t >= query_count(b)) { return; }  // the whole workgroup leaves
  let h = workgroup.y;
  let group = h / (params.h / params.g);
  let position = first_query(b) + t;
  let q_first = q_row(b, h, t) / 4;
  let keys = visible_keys(b, position, position);
  let column = thread % VALUE_VECTORS;
  let value_thread = thread / VALUE_VECTORS;

  var largest = LOWEST;
  var sum = 0.0;  // of this thread's keys
  var run_sum = 0.0;
  var accumulator = vec4f(0.0);  // of this thread's columns, over its share of the keys
  var run_accumulator = vec4f(0.0);
  for (var first = keys.x; first < keys.y; first += WORKGROUP) {
    if ((first - keys.x) % (RUN * WORKGROUP) == 0) {  // a new run
      sum += run_sum;
      run_sum = 0.0;
      accumulator += run_accumulator;
      run_accumulator = vec4f(0.0);
    }
    let key = first + thread;
    var score = LOWEST;
    if (key < keys.y && key_stored(b, key) && mask_mod(b, h, position, key_position(b, key))) {
      let k_first = k_row(b, group, key);
      var products = vec4f(0.0);
      for (var i = 0u; i < params.d / 4; i++) {  // not HEAD_WIDTH: compilers take seconds to unroll it
        products = fma(q[q_first + i], load_k4(k_first, i), products);
      }
      score = score_mod(dot(products, vec4f(1.0)) * params.scale, b, h, position, key_position(b, key));
    }
    let before = largest;
    largest = max(before, workgroup_max(score, thread));
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_weight(score, largest);
    sum *= rescale;
    run_sum = run_sum * rescale + weight;

    weights[thread] = weight;
    workgroupBarrier();
    accumulator *= rescale;
    var own = vec4f(0.0);
    if (value_thread < VALUE_THREADS) {
      for (var i = value_thread; i < min(WORKGROUP, keys.y - first); i += VALUE_THREADS) {
        if (!key_stored(b, first + i)) { continue; }
        own = add_weighted(weights[i], load_v4(v_row(b, group, first + i), column), own);
      }
    }
    run_accumulator = run_accumulator * rescale + own;
    workgroupBarrier();  // the weights have been read
  }

  sum = workgroup_sum(sum + run_sum, thread);
  let state = with_sink(h, largest, sum);
  shares[thread] = accumulator + run_accumulator;
  workgroupBarrier();
  if (thread < VALUE_VECTORS) {
    var total = vec4f(0.0);
    for (var i = 0u; i < VALUE_THREADS; i++) { total += shares[i * VALUE_VECTORS + column]; }
    let row = token_index(b, t) * params.h + h;
    out[row * VALUE_VECTORS + column] = select(total * state.rescale / state.sum, vec4f(0.0), state.sum == 0.0);
  }
  if (thread == 0) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); }
}
