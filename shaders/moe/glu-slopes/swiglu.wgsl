// with: lib/numbers/sigmoid, lib/vector/one
// Of SwiGLU:  silu(gate) · up, and its derivatives by gate and by up
//
// Beyond ±110 the sigmoid is 0 or 1 in f32, and infinity times the 0 next to it would be NaN.

fn glu_slopes(gate: f32, up: f32) -> vec3f {
  let s = sigmoid(gate);
  let c = clamp(gate, -110.0, 110.0);
  return vec3f(gate * s * up, up * s * (1.0 + c * sigmoid(-c)), gate * s);
}
