// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// Gradients of a gated recurrent unit:  dn = dstate · (1 - z) · (1 - n²),  dz = dstate · (state - n) · z · (1 - z),
// dr = dn · m_n · r · (1 - r); that of m_n is dn · r, and dstate · z goes straight to the state before
//
// Its gates are the inputs' part; the state's, m, is separate, since r multiplies a part of it.

const GATES: u32 = 3;  // r, z, n

@group(0) @binding(8) var<storage, read> m: array<f32>;         // [b, t, 3 · h]
@group(0) @binding(9) var<storage, read> previous: array<f32>;  // [b, t, h]

fn slopes_of(gates: vec4f, dstate: f32, token: u32, row: u32, unit: u32) -> Slopes {
  let width = state_width();
  let at = token * GATES * width + unit;
  let product = m[at + 2 * width];
  let r = sigmoid(gates.x + m[at]);
  let z = sigmoid(gates.y + m[at + width]);
  let n = activation(gates.z + r * product);
  let dn = dstate * (1.0 - z) * (1.0 - n * n);
  let dz = dstate * (previous[token * width + unit] - n) * z * (1.0 - z);
  let dr = dn * product * r * (1.0 - r);
  return Slopes(vec4f(dr, dz, dn, 0.0), vec4f(dr, dz, dn * r, 0.0), dstate * z);
}
