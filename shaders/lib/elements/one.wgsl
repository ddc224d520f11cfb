// The elements of a row that are in its Vector i, where a Vector is one element (lib/vector/one).

fn elements_of(i: u32) -> Bits {
  return i;
}

fn element_of(v: Vector, element: u32) -> Scalar {
  return v;
}
