// Experts are chosen by their scores and a bias that balances them; it does not affect their weights (Wang et al. 2024,
// "Auxiliary-loss-free load balancing").

@group(0) @binding(4) var<storage, read> bias: array<f32>;  // [EXPERTS]

fn key_of(logit: f32, largest: f32, e: u32) -> f32 {
  return score_of(logit, largest) + bias[e];
}
