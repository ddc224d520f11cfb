// Gradients in memory of their own.

@group(0) @binding(0) var<storage, read> logits: array<Vector>;         // [rows, cols]
@group(0) @binding(1) var<storage, read_write> dlogits: array<Vector>;  // [rows, cols]

fn load_logits(i: u32) -> Vector {
  return logits[i];
}

fn store_gradient(i: u32, value: Vector) {
  dlogits[i] = value;
}
