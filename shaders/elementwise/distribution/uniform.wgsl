// Evenly in [0, 1), in steps of 2^-24: bitwise the same on every adapter.

fn distribution(words: vec2u) -> vec2f {
  return vec2f(uniform01(words.x), uniform01(words.y));
}
