// The elements of a row that are in its Vector i, where a Vector is four elements (lib/vector/four).

fn elements_of(i: u32) -> Bits {
  return 4 * i + vec4u(0, 1, 2, 3);
}

// The element of a row from the Vector that it is in.
fn element_of(v: Vector, element: u32) -> Scalar {
  return v[element % 4];
}
