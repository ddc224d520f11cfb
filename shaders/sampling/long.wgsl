// with: sampling/multiply-high
// Unsigned integers of 64 bits, the low word first.

fn long_product(x: u32, y: u32) -> vec2u {
  return vec2u(x * y, multiply_high(x, y));
}

fn long_less(a: vec2u, b: vec2u) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// a − b, where b is at most a.
fn long_difference(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

// ⌊word · a / 2³²⌋
fn long_share(word: u32, a: vec2u) -> vec2u {
  let high = long_product(word, a.y);
  let low = high.x + multiply_high(word, a.x);
  return vec2u(low, high.y + u32(low < high.x));
}

// The low word of a · 2⁻ˢ; s is at most 63.
fn long_shift(a: vec2u, s: u32) -> u32 {
  if (s >= 32) { return a.y >> (s - 32); }
  if (s == 0) { return a.x; }
  return (a.x >> s) | (a.y << (32 - s));
}

fn long_float(a: vec2u) -> f32 {
  return f32(a.y) * 4294967296.0 + f32(a.x);
}
