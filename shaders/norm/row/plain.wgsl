// The rows to be normed are those of x.

@group(0) @binding(0) var<storage, read> x: array<Vector>;  // [rows, cols]

fn load_row(i: u32) -> Vector {
  return x[i];
}

fn reload_row(i: u32) -> Vector {
  return x[i];
}
