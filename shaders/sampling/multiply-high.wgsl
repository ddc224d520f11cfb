// The high word of a product of two words: ⌊x · y / 2³²⌋ exactly, from products of their 16-bit halves.

fn multiply_high(x: u32, y: u32) -> u32 {
  let low = vec2u(x, y) & vec2u(0xffff);
  let high = vec2u(x, y) >> vec2u(16);
  let cross = high.x * low.y + ((low.x * low.y) >> 16);  // at most (2¹⁶ − 1) · 2¹⁶: no carry is lost
  return high.x * high.y + (cross >> 16) + (((cross & 0xffff) + low.x * high.y) >> 16);
}
