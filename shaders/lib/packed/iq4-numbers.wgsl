// The signed bytes that the codes of ggml's IQ4_NL stand for:  -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38,
// 53, 69, 89 and 113, four to a word.

fn iq4_numbers(codes: vec4u) -> vec4f {
  let second = (codes & vec4u(4)) != vec4u(0);
  let negative = select(vec4u(0xbfad9881), vec4u(0xf6eaddcf), second);
  let positive = select(vec4u(0x26190d01), vec4u(0x71594535), second);
  let words = select(negative, positive, (codes & vec4u(8)) != vec4u(0));
  return vec4f(bitcast<vec4i>(words << (vec4u(24) - (codes & vec4u(3)) * 8)) >> vec4u(24));
}
