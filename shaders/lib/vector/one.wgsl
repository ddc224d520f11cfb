// One element a load: any length.

alias Scalar = f32;
alias Vector = Scalar;
alias Bits = u32;
const WIDTH: u32 = 1;

fn total(v: Vector) -> Scalar {
  return v;
}

fn largest(v: Vector) -> Scalar {
  return v;
}
