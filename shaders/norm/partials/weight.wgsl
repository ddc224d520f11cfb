// The weight has a gradient.

@group(0) @binding(6) var<storage, read_write> dweights: array<Vector>;  // [groups, cols]

fn store_partials(i: u32, dweight: Vector, dbias: Vector) {
  dweights[i] = dweight;
}

fn add_partials(i: u32, dweight: Vector, dbias: Vector) {
  dweights[i] += dweight;
}
