// NaN and infinities are recognised by their bits, since compilers may assume that there are none.

fn not_finite(x: vec4f) -> bool {
  return max(max(exponent_of(x.x), exponent_of(x.y)), max(exponent_of(x.z), exponent_of(x.w))) == 0x7f800000;
}

fn exponent_of(x: f32) -> u32 {
  return bitcast<u32>(x) & 0x7f800000;
}
