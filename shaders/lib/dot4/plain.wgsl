// The dot product of four signed bytes with four others, where the language has none: each byte is shifted out.

fn dot_bytes(a: u32, b: u32) -> i32 {
  let shifts = vec4u(24, 16, 8, 0);
  let x = bitcast<vec4i>(vec4u(a) << shifts) >> vec4u(24);
  let w = bitcast<vec4i>(vec4u(b) << shifts) >> vec4u(24);
  return dot(x, w);
}
