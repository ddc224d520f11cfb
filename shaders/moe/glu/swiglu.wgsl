// with: lib/numbers/sigmoid, lib/vector/one
// SwiGLU:  silu(gate) · up

fn gated(gate: f32, up: f32) -> f32 {
  return gate * sigmoid(gate) * up;
}
