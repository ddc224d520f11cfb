// Fields of a word, shared by the parts for blocks in the slot lib/weight.

// The four bytes of a word, the first in the lowest bits, each with those above it.
fn bytes_of(word: u32) -> vec4u {
  return vec4u(word, word >> 8, word >> 16, word >> 24);
}

// The number of f16 that is the i-th of its array, in the word that holds it.
fn half_of(word: u32, i: u32) -> f32 {
  return unpack2x16float(word >> (i % 2 * 16)).x;
}
