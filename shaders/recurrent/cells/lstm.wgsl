// with: lib/activation/tanh, lib/numbers/sigmoid, lib/vector/one
// Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000), gates in PyTorch's order:
//   i, f, o = sigmoid(a + m),  g = tanh(a + m),  cell = f · cell + i · g,  state = o · tanh(cell)

const GATES: u32 = 4;  // i, f, g, o
const PRODUCTS: u32 = GATES;

@group(0) @binding(6) var<storage, read_write> cell: array<f32>;  // [b, h]

fn next_state(a: vec4f, m: vec4f, state: f32, at: u32) -> f32 {
  let sum = a + m;
  let memory = sigmoid(sum.y) * cell[at] + sigmoid(sum.x) * activation(sum.z);
  cell[at] = memory;
  return sigmoid(sum.w) * activation(memory);
}
