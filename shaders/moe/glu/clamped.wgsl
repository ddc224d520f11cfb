// SwiGLU as gpt-oss has it, clamped:  gate · sigmoid(1.702 · gate) · (up + 1)

const LIMIT: f32 = 7.0;
const SLOPE: f32 = 1.702;

fn gated(gate: f32, up: f32) -> f32 {
  let g = min(gate, LIMIT);
  let e = exp(-abs(SLOPE * g));
  return g * (select(e, 1.0, g >= 0.0) / (1.0 + e)) * (clamp(up, -LIMIT, LIMIT) + 1.0);
}
