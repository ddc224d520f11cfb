// A gate for each token and row of the state (Kimi Delta Attention). As gates/head otherwise.

const LOWEST: f32 = -30.0;

@group(0) @binding(7) var<storage, read> g: array<f32>;  // [b, hv, t, d], logarithms of decays

fn log_decay(token: u32, head: u32, row: u32) -> f32 {
  return max(g[token * WIDTH + row], LOWEST);
}
