// A cache of f32: a word is an element.

alias Word = f32;
const PACKED: u32 = 1;  // elements in a word

fn word_of(elements: array<f32, PACKED>) -> Word {
  return elements[0];
}
