// NaN is recognised by its bits, since compilers take x != x to be false.

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffff) > 0x7f800000;
}
