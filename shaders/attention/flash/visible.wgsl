// Scores of one query and four neighbouring keys from their dot products; LOWEST for keys from `end` on, those that are
// not in memory and those that the mask hides. A full tile has none of them.

fn visible_scores(products: vec4f, b: u32, h: u32, q: u32, key: u32, end: u32, full: u32) -> vec4f {
  var scores = products * params.scale;
  for (var n = 0u; n < 4; n++) {
    let position = key_position(b, key + n);
    scores[n] = score_mod(scores[n], b, h, q, position);
    let hidden = key + n >= end || !key_stored(b, key + n) || !mask_mod(b, h, q, position);
    if (full == 0 && hidden) { scores[n] = LOWEST; }
  }
  return scores;
}
