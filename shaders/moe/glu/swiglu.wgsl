// SwiGLU:  silu(gate) · up

fn gated(gate: f32, up: f32) -> f32 {
  let e = exp(-abs(gate));
  return gate * (select(e, 1.0, gate >= 0.0) / (1.0 + e)) * up;
}
