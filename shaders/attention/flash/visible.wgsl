// Scores of one query and four neighbouring keys from their dot products; LOWEST for keys from `end` on and for keys
// that the mask hides. A full tile has neither.

fn visible_scores(products: vec4f, b: u32, h: u32, q: u32, key: u32, end: u32, full: bool) -> vec4f {
  var scores = products * params.scale;
  for (var n = 0u; n < 4; n++) {
    scores[n] = score_mod(scores[n], b, h, q, key + n);
    if (!full && (key + n >= end || !mask_mod(b, h, q, key + n))) { scores[n] = LOWEST; }
  }
  return scores;
}
