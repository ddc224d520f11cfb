// One element a load: any length.

alias Scalar = f32;
alias Vector = Scalar;
alias Bits = u32;  // of a Vector, for bitcast
const WIDTH: u32 = 1;

fn vector_sum(v: Vector) -> Scalar {
  return v;
}

fn vector_max(v: Vector) -> Scalar {
  return v;
}
