// with: lib/numbers/sigmoid, lib/vector/one
// Of gpt-oss's SwiGLU:  gate · sigmoid(1.702 · gate) · (up + 1), and its derivatives by gate and by up
//
// Beyond the limits it does not change.

const LIMIT: f32 = 7.0;
const SLOPE: f32 = 1.702;

fn glu_slopes(gate: f32, up: f32) -> vec3f {
  let g = min(gate, LIMIT);
  let u = clamp(up, -LIMIT, LIMIT) + 1.0;
  let s = sigmoid(SLOPE * g);
  let c = max(SLOPE * g, -110.0);
  let by_gate = u * s * (1.0 + c * sigmoid(-c));
  return vec3f(g * s * u, select(0.0, by_gate, gate <= LIMIT), select(0.0, g * s, abs(up) <= LIMIT));
}
