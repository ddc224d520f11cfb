// Four elements a load: for rows, or whole tensors, whose length is a multiple of four.

alias Scalar = f32;
alias Vector = vec4<Scalar>;
alias Bits = vec4<u32>;  // of a Vector, for bitcast
const WIDTH: u32 = 4;

fn vector_sum(v: Vector) -> Scalar {
  return (v.x + v.y) + (v.z + v.w);
}

fn vector_max(v: Vector) -> Scalar {
  return max(max(v.x, v.y), max(v.z, v.w));
}
