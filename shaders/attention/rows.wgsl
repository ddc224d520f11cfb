// with: attention/views, attention/masks/causal, attention/scores/none, attention/lse/none, lib/extent/fixed, lib/online-softmax, lib/reduce
// Attention in one kernel, a row at a time:  out = sum(exp(score - max) * v) / sum(exp(score - max))
//
// One workgroup per query row of a head. It goes over the keys WORKGROUP at a time: each thread scores one key, the
// maximum and the sum meet in workgroup memory, then each thread gathers a vector of four columns of v over every
// VALUE_THREADS-th key. Nothing of size s is kept. Requests 3·d·s reads a row, and every row reads all of k and v
// anew. The rung between naive and flash.

const HEAD_WIDTH: u32 = 64;
const WORKGROUP: u32 = 64;

const VECTORS = HEAD_WIDTH / 4;
const VALUE_THREADS = WORKGROUP / VECTORS;  // threads that share a vector of columns of v
const_assert HEAD_WIDTH % 4 == 0 && VECTORS <= WORKGROUP;
const_assert (WORKGROUP & (WORKGROUP - 1)) == 0;  // the tree reduction halves it

struct Params { h: u32, g: u32, t: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;          // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;          // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> weights: array<f32, WORKGROUP>;
var<workgroup> shares: array<vec4f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let group = h / (params.h / params.g);
  let position = first_query(b) + t;
  let query = q_row(b, h, t) / 4;
  let keys = key_range(position, position, key_count(b));
  let column = thread % VECTORS;
  let value_thread = thread / VECTORS;

  var largest = LOWEST;
  var sum = 0.0;  // of this thread's keys
  var mixed = vec4f(0.0);  // of this thread's columns, over its share of the keys
  for (var first = keys.x; first < keys.y; first += WORKGROUP) {
    let key = first + thread;
    var score = LOWEST;
    if (key < keys.y && mask_mod(b, h, position, key)) {
      let row = k_row(b, group, key) / 4;
      var products = vec4f(0.0);
      for (var i = 0u; i < HEAD_WIDTH / 4; i++) {
        products = fma(q[query + i], k[row + i], products);
      }
      score = score_mod(dot(products, vec4f(1.0)) * params.scale, b, h, position, key);
    }
    let before = largest;
    largest = max(before, workgroup_max(score, thread));
    let rescale = softmax_rescale(before, largest);
    let weight = softmax_weight(score, largest);
    sum = sum * rescale + weight;

    weights[thread] = weight;
    workgroupBarrier();
    mixed *= rescale;
    if (value_thread < VALUE_THREADS) {
      for (var i = value_thread; i < min(WORKGROUP, keys.y - first); i += VALUE_THREADS) {
        mixed = fma(vec4f(weights[i]), v[v_row(b, group, first + i) / 4 + column], mixed);
      }
    }
    workgroupBarrier();  // the weights have been read
  }

  sum = workgroup_sum(sum, thread);
  shares[thread] = mixed;
  workgroupBarrier();
  if (thread < VECTORS) {
    var total = vec4f(0.0);
    for (var i = 0u; i < VALUE_THREADS; i++) { total += shares[i * VECTORS + column]; }
    let row = (b * params.t + t) * params.h + h;
    out[row * VECTORS + column] = select(total / sum, vec4f(0.0), sum == 0.0);
  }
  if (thread == 0) { store_lse(b, h, t, log_sum_exp(largest, sum)); }
}
