// with: sampling/order, lib/reduce
// The logarithm of Σ exp(logit) over a row, in two terms that keep its precision: the largest logit, and the logarithm
// of Σ exp(logit − largest).
//
// Reads the row twice. A row that holds NaN or +∞, or nothing above −∞, is no distribution; that is found by the bits,
// since adapters differ in exp of NaN. All threads must call log_sum (uniform control flow), once. The
// kernel defines logits.

const RUN: u32 = 32 * WORKGROUP;  // logits whose sum is taken by itself (shaders/README.md)

struct LogSum { largest: f32, log: f32, exists: bool }

fn log_sum(first: u32, width: u32, thread: u32) -> LogSum {
  var key = IMPOSSIBLE;
  for (var i = thread; i < width; i += WORKGROUP) {
    let logit = logits[first + i];
    key = max(key, select(order_key(logit), INFINITE, is_nan(logit)));
  }
  let highest = workgroup_largest(key);
  let largest = logit_of(highest);
  var sum = 0.0;
  for (var begin = thread; begin < width; begin += RUN) {
    var run = 0.0;
    for (var i = begin; i < min(begin + RUN, width); i += WORKGROUP) { run += exp(logits[first + i] - largest); }
    sum += run;
  }
  return LogSum(largest, log(workgroup_sum(sum, thread)), highest != IMPOSSIBLE && highest != INFINITE);
}

// NaN where id is no token of the vocabulary, or the row no distribution.
fn logprob(first: u32, width: u32, id: u32, sum: LogSum) -> f32 {
  let value = logits[first + min(id, width - 1)] - sum.largest - sum.log;
  return bitcast<f32>(select(0x7fc00000, bitcast<u32>(value), id < width && sum.exists));
}
