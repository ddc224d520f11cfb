// with: attention/views, attention/masks/causal, attention/scores/none, attention/lse/none, lib/extent/fixed, lib/online-softmax, lib/reduce
// Attention in one kernel, a row at a time:  out = sum(exp(score - max) * v) / sum(exp(score - max))
//
// One workgroup per query row of a head. It goes over the keys WORKGROUP at a time: each thread scores one key, the
// maximum and the sum meet in workgroup memory, then each thread gathers its columns of v. Nothing of size s is kept.
// Requests (d + dv)·s reads a row, and every row reads all of k and v anew. The rung between naive and flash.

const HEAD_WIDTH: u32 = 64;
const WORKGROUP: u32 = 64;
const_assert HEAD_WIDTH % 4 == 0;  // q and k are read four elements at a time
const_assert (WORKGROUP & (WORKGROUP - 1)) == 0;  // the tree reduction halves it

const COLUMNS = (HEAD_WIDTH + WORKGROUP - 1) / WORKGROUP;  // of out, for each thread

struct Params { h: u32, g: u32, t: u32, start: i32, length: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> q: array<vec4f>;        // [b, h, t, d]
@group(0) @binding(1) var<storage, read> k: array<vec4f>;        // [b, g, s, d]
@group(0) @binding(2) var<storage, read> v: array<f32>;          // [b, g, s, d]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;  // [b, t, h, d]
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> weights: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let t = workgroup.x;
  let h = workgroup.y;
  let b = workgroup.z;
  let group = h / (params.h / params.g);
  let position = first_query(b) + t;
  let query = q_row(b, h, t) / 4;
  let keys = key_range(position, position, key_count(b));

  var largest = LOWEST;
  var sum = 0.0;  // of this thread's keys
  var mixed: array<f32, COLUMNS>;
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
    let count = min(WORKGROUP, keys.y - first);
    for (var c = 0u; c < COLUMNS; c++) {
      let column = thread + c * WORKGROUP;
      var total = mixed[c] * rescale;
      if (column < HEAD_WIDTH) {
        for (var i = 0u; i < count; i++) {
          total = fma(weights[i], v[v_row(b, group, first + i) + column], total);
        }
      }
      mixed[c] = total;
    }
    workgroupBarrier();  // the weights have been read
  }

  sum = workgroup_sum(sum, thread);
  for (var c = 0u; c < COLUMNS; c++) {
    let column = thread + c * WORKGROUP;
    if (column < HEAD_WIDTH) {
      let row = ((b * params.t + t) * params.h + h) * HEAD_WIDTH;
      out[row + column] = select(mixed[c] / sum, 0.0, sum == 0.0);
    }
  }
  if (thread == 0) {
    store_lse(b, h, t, log_sum_exp(largest, sum));
  }
}
