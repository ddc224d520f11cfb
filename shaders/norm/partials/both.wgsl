// Weight and bias have a gradient.

@group(0) @binding(6) var<storage, read_write> dweights: array<Vector>;  // [groups, cols]
@group(0) @binding(7) var<storage, read_write> dbiases: array<Vector>;   // [groups, cols]

fn store_partials(i: u32, dweight: Vector, dbias: Vector) {
  dweights[i] = dweight;
  dbiases[i] = dbias;
}

fn add_partials(i: u32, dweight: Vector, dbias: Vector) {
  dweights[i] += dweight;
  dbiases[i] += dbias;
}
