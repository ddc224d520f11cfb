// A word of weights that are loaded word by word.

fn touch_weight(word: u32) -> u32 {
  return weight[word];
}
