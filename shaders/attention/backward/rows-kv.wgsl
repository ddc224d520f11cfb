// with: attention/backward/pair, lib/extent/fixed
// The gradients of keys and values in one kernel, a key at a time:  dk = Σ (gradient of q · k) · q, dv = Σ weight ·
// dout
//
// One workgroup per key of a key and value head. It goes over the queries of each of the head's query heads, WORKGROUP
// at a time, where the mask's range says that one of them may see the key: each thread computes the weight of one query
// and the gradient of its dot product, then each gathers a vector of four columns over its share of the queries. No
// atomics: other workgroups add up other keys. Sums are taken in runs. Nothing of size t is kept. Both gradients are in
// one buffer, which leaves buffers to masks and scores.

const HEAD_WIDTH: u32 = 64;   // of q and k
const VALUE_WIDTH: u32 = 64;  // of v and dout
const WORKGROUP: u32 = 64;
const RUN: u32 = 32;          // times WORKGROUP queries

const HEAD_VECTORS = HEAD_WIDTH / 4;
const HEAD_THREADS = WORKGROUP / HEAD_VECTORS;  // threads that share a vector of columns of q
const VALUE_VECTORS = VALUE_WIDTH / 4;
const VALUE_THREADS = WORKGROUP / VALUE_VECTORS;
const_assert HEAD_WIDTH % 4 == 0 && HEAD_VECTORS <= WORKGROUP;
const_assert VALUE_WIDTH % 4 == 0 && VALUE_VECTORS <= WORKGROUP;

struct Params {
  h: u32, g: u32, t: u32, d: u32, dv: u32,
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
  s: u32, dv_first: u32,                                              // where dv begins
  unused: u32,                                                        // slots after the keys, whose gradients are 0
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> dkv: array<vec4f>;  // dk [b, g, s, d], and then dv [b, g, s, dv]

var<workgroup> weights: array<f32, WORKGROUP>;
var<workgroup> dproducts: array<f32, WORKGROUP>;
var<workgroup> shares: array<vec4f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = batch_and_tile(workgroup.x, workgroup.z, 1);
  let b = at.x;
  let key = at.y;
  if (key >= key_count(b) + params.unused) { return; }  // the whole workgroup leaves
  let group = workgroup.y;
  let heads = params.h / params.g;
  let head_column = thread % HEAD_VECTORS;
  let head_thread = thread / HEAD_VECTORS;
  let value_column = thread % VALUE_VECTORS;
  let value_thread = thread / VALUE_VECTORS;

  var key_sum = vec4f(0.0);  // of this thread's columns, over its share of the queries
  var key_run = vec4f(0.0);
  var value_sum = vec4f(0.0);
  var value_run = vec4f(0.0);
  for (var h = group * heads; h < (group + 1) * heads; h++) {
    for (var first = 0u; first < query_count(b); first += WORKGROUP) {
      if (first % (RUN * WORKGROUP) == 0) {  // a new run
        key_sum += key_run;
        key_run = vec4f(0.0);
        value_sum += value_run;
        value_run = vec4f(0.0);
      }
      let count = min(WORKGROUP, query_count(b) - first);
      let seen = visible_keys(b, first_query(b) + first, first_query(b) + first + count - 1);
      if (key < seen.x || key >= seen.y) { continue; }  // none of these queries sees the key, or it is not in use
      var pair = vec2f(0.0);
      if (thread < count) { pair = pair_gradients(b, h, first + thread, key); }
      weights[thread] = pair.x;
      dproducts[thread] = pair.y;
      workgroupBarrier();
      var own = vec4f(0.0);
      if (head_thread < HEAD_THREADS) {
        for (var i = head_thread; i < count; i += HEAD_THREADS) {
          own = add_weighted(dproducts[i], q[q_row(b, h, first + i) / 4 + head_column], own);
        }
      }
      key_run += own;
      own = vec4f(0.0);
      if (value_thread < VALUE_THREADS) {
        for (var i = value_thread; i < count; i += VALUE_THREADS) {
          own = add_weighted(weights[i], dout[dout_row(b, h, first + i) + value_column], own);
        }
      }
      value_run += own;
      workgroupBarrier();  // both have been read
    }
  }

  let row = (batch_row(b) * params.g + group) * params.s + keys_before(b) + key;
  shares[thread] = key_sum + key_run;
  workgroupBarrier();
  if (thread < HEAD_VECTORS) {
    var total = vec4f(0.0);
    for (var i = 0u; i < HEAD_THREADS; i++) { total += shares[i * HEAD_VECTORS + head_column]; }
    dkv[row * HEAD_VECTORS + head_column] = total;
  }
  workgroupBarrier();  // the shares of keys have been read
  shares[thread] = value_sum + value_run;
  workgroupBarrier();
  if (thread < VALUE_VECTORS) {
    var total = vec4f(0.0);
    for (var i = 0u; i < VALUE_THREADS; i++) { total += shares[i * VALUE_VECTORS + value_column]; }
    dkv[params.dv_first / 4 + row * VALUE_VECTORS + value_column] = total;
  }
}
