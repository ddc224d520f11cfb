// The gradients of gate and up are views of one tensor, as gate and up are where one product makes them: memory that is
// written may be bound only once.

@group(0) @binding(3) var<storage, read_write> both: array<Vector>;

fn store_gradients(gate_at: u32, gate_gradient: Vector, up_at: u32, up_gradient: Vector) {
  both[gate_at] = gate_gradient;
  both[up_at] = up_gradient;
}
