// The gradients of gate and up lie in memory of their own.

@group(0) @binding(3) var<storage, read_write> dgate: array<Vector>;
@group(0) @binding(4) var<storage, read_write> dup: array<Vector>;

fn store_gradients(gate_at: u32, gate_gradient: Vector, up_at: u32, up_gradient: Vector) {
  dgate[gate_at] = gate_gradient;
  dup[up_at] = up_gradient;
}
