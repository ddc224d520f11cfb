// The gradient of the rows is stored.

@group(0) @binding(5) var<storage, read_write> dx: array<Vector>;  // [rows, cols]

fn store_dx(i: u32, gradient: Vector) {
  dx[i] = gradient;
}
