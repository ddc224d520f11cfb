// The exponential, base e, of NaN too: exp in SwiftShader, a GPU in software, gives infinity for it. Vector is one f32
// or four. NaN is recognised by its bits, since compilers take x != x to be false.

fn exponential(x: Vector) -> Vector {
  return select(exp(x), x, (bitcast<Bits>(x) & Bits(0x7fffffff)) > Bits(0x7f800000));
}
