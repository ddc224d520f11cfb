// No sink: a row's weights are those of its keys.

struct SinkState { largest: f32, sum: f32, rescale: f32 }

fn with_sink(h: u32, largest: f32, sum: f32) -> SinkState {
  return SinkState(largest, sum, 1.0);
}
