// The decay of a state space over a step of time (Mamba-2): the logarithm is the step, which is in beta, times a.

const LOWEST: f32 = -30.0;

@group(0) @binding(7) var<storage, read> a: array<f32>;  // [hv], negative

fn log_decay(token: u32, head: u32, row: u32) -> f32 {
  return max(beta[token] * a[head], LOWEST);
}
