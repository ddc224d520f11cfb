// Gradients in place of the logits.

@group(0) @binding(0) var<storage, read_write> logits: array<Vector>;  // [rows, cols]

fn load_logits(i: u32) -> Vector {
  return logits[i];
}

fn store_gradient(i: u32, value: Vector) {
  logits[i] = value;
}
