// A gate for each token and head (gated DeltaNet). Below LOWEST a decay is 0 in f32; a sum of greater ones stays
// exact.

const LOWEST: f32 = -30.0;

@group(0) @binding(7) var<storage, read> g: array<f32>;  // [b, hv, t], logarithms of decays

fn log_decay(token: u32, head: u32, row: u32) -> f32 {
  return max(g[token], LOWEST);
}
