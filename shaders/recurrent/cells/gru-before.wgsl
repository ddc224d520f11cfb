// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// A gated recurrent unit, reset before the product, as Cho et al. (2014) have it:
//   r, z = sigmoid(a + m),  n = tanh(a_n + W · (r · state)),  state = (1 - z) · state + z · n
//
// Here z takes the new value; in cells/gru it keeps the old one. recurrent/reset makes r · state, and a product follows.

const GATES: u32 = 3;     // r, z, n
const PRODUCTS: u32 = 2;  // r, z

@group(0) @binding(8) var<storage, read> product: array<f32>;  // [b, h], with r · state

fn next_state(a: vec4f, m: vec4f, state: f32, at: u32) -> f32 {
  let z = sigmoid(a.y + m.y);
  let n = activation(a.z + product[at]);
  return state + z * (n - state);
}
