// with: attention/sink/none, attention/lse/none, lib/extent/fixed, attention/dropout/none
// with: lib/online-softmax, lib/reduce, lib/grid
// Attention in three kernels, the second, in place:  weights[t, s] = exp(scores - max) / sum(exp(scores - max))
//
// One workgroup per row, the scores of one query in one head: one pass for the maximum, one for the exponentials and
// their sum, one to divide. Requests 3·s reads and 2·s writes a row. A row in which nothing counts gets zeros. A thread
// adds up its keys one by one, so that small weights may be lost in a large sum.

const WORKGROUP: u32 = 64;

struct Params { h: u32, t: u32, s: u32, rows: u32, start: i32, length: u32 }

@group(0) @binding(0) var<storage, read_write> scores: array<f32>;  // [b, h, t, s], becomes the weights
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.rows) { return; }  // the whole workgroup leaves
  let b = row / (params.h * params.t);
  let keys = key_count(b);
  let first = row * params.s;

  var largest = LOWEST;
  for (var key = thread; key < keys; key += WORKGROUP) {
    largest = max(largest, scores[first + key]);
  }
  largest = workgroup_max(largest, thread);

  var sum = 0.0;
  for (var key = thread; key < keys; key += WORKGROUP) {
    let weight = softmax_weight(scores[first + key], largest);
    scores[first + key] = weight;
    sum += weight;
  }
  sum = workgroup_sum(sum, thread);

  let h = row / params.t % params.h;
  let state = with_sink(h, largest, sum);
  let head_key = dropout_key(b, h);
  let position = first_query(b) + row % params.t;
  for (var key = thread; key < keys; key += WORKGROUP) {
    let weight = select(scores[first + key] * state.rescale / state.sum, 0.0, state.sum == 0.0);
    scores[first + key] = weight * kept_shares(head_key, position, key).x;
  }
  if (thread == 0) {
    store_lse(b, h, row % params.t, log_sum_exp(state.largest, state.sum));
  }
}
