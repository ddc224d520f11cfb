// A word of weights that are loaded as vectors of four words.

fn touch_weight(word: u32) -> u32 {
  return weight[word / 4].x;
}
