// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// Gradients of a gated recurrent unit that is reset before the product:  dn = dstate · z · (1 - n²),
// dz = dstate · (n - state) · z · (1 - z); dstate · (1 - z) goes straight to the state before
//
// That of r depends on dn of all units: recurrent/reset-backward makes it after a product, and it is 0 here.

const GATES: u32 = 3;  // r, z, n

@group(0) @binding(9) var<storage, read> previous: array<f32>;  // [b, t, h]

fn slopes_of(gates: vec4f, dstate: f32, token: u32, row: u32, unit: u32) -> Slopes {
  let z = sigmoid(gates.y);
  let n = activation(gates.z);
  let dz = dstate * (n - previous[token * state_width() + unit]) * z * (1.0 - z);
  let gradient = vec4f(0.0, dz, dstate * z * (1.0 - n * n), 0.0);
  return Slopes(gradient, gradient, dstate * (1.0 - z));
}
