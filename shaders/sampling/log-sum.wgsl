// with: sampling/order, lib/reduce
// The logarithm of Σ exp(logit) over a row, in two terms that keep its precision: the largest logit, and the logarithm
// of Σ exp(logit − largest).
//
// Reads the row twice. All threads must call it (uniform control flow), once. The kernel defines logits.

struct LogSum { largest: f32, log: f32 }

fn log_sum(first: u32, width: u32, thread: u32) -> LogSum {
  var key = IMPOSSIBLE;
  for (var i = thread; i < width; i += WORKGROUP) { key = max(key, order_key(logits[first + i])); }
  let largest = logit_of(workgroup_largest(key));
  var sum = 0.0;
  for (var i = thread; i < width; i += WORKGROUP) { sum += exp(logits[first + i] - largest); }
  return LogSum(largest, log(workgroup_sum(sum, thread)));
}

// NaN where id is no token of the vocabulary.
fn logprob(first: u32, width: u32, id: u32, sum: LogSum) -> f32 {
  let value = logits[first + min(id, width - 1)] - sum.largest - sum.log;
  return bitcast<f32>(select(0x7fc00000, bitcast<u32>(value), id < width));
}
