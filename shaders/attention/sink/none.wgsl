// No sink: a row's weights are those of its keys.

struct Sunk { largest: f32, sum: f32, rescale: f32 }

fn with_sink(h: u32, largest: f32, sum: f32) -> Sunk {
  return Sunk(largest, sum, 1.0);
}
