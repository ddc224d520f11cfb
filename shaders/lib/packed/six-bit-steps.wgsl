// The scale and the minimum of group j of a block of ggml's Q4_K or Q5_K, from the 16 bytes that its eight groups
// share: two numbers of f16, and scales and minima of six bits. Those of the first four groups are the lower six bits
// of bytes; those of the others are made of four bits of the last four bytes and the upper two of the first eight.

fn six_bit_steps(shared_bytes: vec4u, j: u32) -> vec2f {
  let shift = j % 4 * 8;
  let first = (shared_bytes.yz >> vec2u(shift)) & vec2u(0xff);
  let last = (shared_bytes.ww >> vec2u(shift, shift + 4)) & vec2u(15);
  let steps = select(first & vec2u(63), last | ((first >> vec2u(6)) << vec2u(4)), j >= 4);
  return unpack2x16float(shared_bytes.x) * vec2f(steps);
}
