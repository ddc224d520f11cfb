// with: lib/online-softmax
// A learned sink of each head (gpt-oss): a key without a value, whose score takes its share of the softmax. The sum of
// exponentials of a row becomes  sum + exp(sink - max),  all of it relative to the larger maximum of the two; the
// accumulator of v must be rescaled. A sink of minus infinity has no effect.

struct SinkState { largest: f32, sum: f32, rescale: f32 }

@group(0) @binding(7) var<storage, read> sink: array<f32>;  // [h]

fn with_sink(h: u32, largest: f32, sum: f32) -> SinkState {
  let score = sink[h];
  let new_largest = max(largest, score);
  let rescale = softmax_rescale(largest, new_largest);
  return SinkState(new_largest, sum * rescale + softmax_weight(score, new_largest), rescale);
}
