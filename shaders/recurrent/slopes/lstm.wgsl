// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// Gradients of long short-term memory:  with c = f · cell + i · g and dc = dcell + dstate · o · (1 - tanh²(c)),
// di = dc · g · i · (1 - i),  df = dc · cell · f · (1 - f),  dg = dc · i · (1 - g²),  do = dstate · tanh(c) · o · (1 - o);
// dc · f goes to the cell before

const GATES: u32 = 4;  // i, f, g, o

@group(0) @binding(8) var<storage, read> cells: array<f32>;        // [b, t, h], before each token
@group(0) @binding(9) var<storage, read_write> dcell: array<f32>;  // [b, h]

fn slopes_of(gates: vec4f, dstate: f32, token: u32, row: u32, unit: u32) -> Slopes {
  let at = row * state_width() + unit;
  let i = sigmoid(gates.x);
  let f = sigmoid(gates.y);
  let g = activation(gates.z);
  let o = sigmoid(gates.w);
  let cell = cells[token * state_width() + unit];
  let squashed = activation(f * cell + i * g);
  let dc = dcell[at] + dstate * o * (1.0 - squashed * squashed);
  dcell[at] = dc * f;
  let gradient = vec4f(
    dc * g * i * (1.0 - i),
    dc * cell * f * (1.0 - f),
    dc * i * (1.0 - g * g),
    dstate * squashed * o * (1.0 - o),
  );
  return Slopes(gradient, gradient, 0.0);
}
