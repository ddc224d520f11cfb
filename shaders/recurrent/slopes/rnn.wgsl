// with: lib/activation/tanh, lib/vector/one
// Gradients of a plain cell:  dgates = dstate · (1 - tanh²(gates)), and nothing goes straight to the state before

const GATES: u32 = 1;

fn slopes_of(gates: vec4f, dstate: f32, token: u32, row: u32, unit: u32) -> Slopes {
  let state = activation(gates.x);
  let gradient = vec4f(dstate * (1.0 - state * state), 0.0, 0.0, 0.0);
  return Slopes(gradient, gradient, 0.0);
}
