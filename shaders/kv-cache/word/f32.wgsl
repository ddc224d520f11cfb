// A cache of f32: a word is an element.

alias Word = f32;
const PACKED: u32 = 1;  // elements in a word

// The word of the cache that holds k[i], and so on; likewise of v.
fn word_of_k(i: u32) -> Word {
  return k[i];
}

fn word_of_v(i: u32) -> Word {
  return v[i];
}
