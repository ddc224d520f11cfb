// The bias has a gradient, the weight has none.

@group(0) @binding(7) var<storage, read_write> dbiases: array<Vector>;  // [groups, cols]

fn store_partials(i: u32, dweight: Vector, dbias: Vector) {
  dbiases[i] = dbias;
}

fn add_partials(i: u32, dweight: Vector, dbias: Vector) {
  dbiases[i] += dbias;
}
