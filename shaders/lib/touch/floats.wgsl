// A word of weights that are loaded as vectors of four floats.

fn touch_weight(word: u32) -> u32 {
  return bitcast<u32>(weight[word / 4].x);
}
