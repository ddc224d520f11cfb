// with: lib/activation/tanh, lib/vector/one
// A plain cell (Elman 1990):  state = tanh(a + m)

const GATES: u32 = 1;
const PRODUCTS: u32 = GATES;

fn next_state(a: vec4f, m: vec4f, state: f32, at: u32) -> f32 {
  return activation(a.x + m.x);
}
