// Each query row's logarithm of the sum of exponentials, with which results over parts of the keys are merged, and from
// which a backward pass recomputes the weights.

@group(0) @binding(4) var<storage, read_write> lse: array<f32>;  // [b, h, t]

fn store_lse(b: u32, h: u32, t: u32, value: f32) {
  lse[(batch_row(b) * params.h + h) * params.t + queries_before(b) + t] = value;
}
