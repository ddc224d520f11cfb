// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// A gated recurrent unit (Cho et al. 2014), reset after the product as in PyTorch and cuDNN:
//   r, z = sigmoid(a + m),  n = tanh(a_n + r · m_n),  state = (1 - z) · n + z · state

const GATES: u32 = 3;  // r, z, n
const PRODUCTS: u32 = GATES;

fn next_state(a: vec4f, m: vec4f, state: f32, at: u32) -> f32 {
  let r = sigmoid(a.x + m.x);
  let z = sigmoid(a.y + m.y);
  let n = activation(a.z + r * m.z);
  return n + z * (state - n);
}
