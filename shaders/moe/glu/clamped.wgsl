// with: lib/numbers/sigmoid, lib/vector/one
// SwiGLU as gpt-oss has it, clamped:  gate · sigmoid(1.702 · gate) · (up + 1)

const LIMIT: f32 = 7.0;
const SLOPE: f32 = 1.702;

fn gated(gate: f32, up: f32) -> f32 {
  let g = min(gate, LIMIT);
  return g * sigmoid(SLOPE * g) * (clamp(up, -LIMIT, LIMIT) + 1.0);
}
